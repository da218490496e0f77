// The host in a plain browser, over HTTP and a WebSocket on loopback. It serves tests; the program does not ship its other end.
import { Refused, refused, type CallName, type Calls, type Host, type Problem, type Update } from "./host.ts";

const RETRY_MS = 500;

export function bridgeHost(origin: string = location.origin): Host {
  const links = new Set<(up: boolean) => void>();
  return {
    call: (name, args) => post(origin, name, args),
    onUpdate(handler) {
      let socket: WebSocket | undefined;
      let stopped = false;
      let again: ReturnType<typeof setTimeout> | undefined;
      const connect = () => {
        socket = new WebSocket(`${origin.replace(/^http/, "ws")}/updates`);
        socket.onopen = () => links.forEach((tell) => tell(true));
        socket.onmessage = ({ data }) => {
          for (const update of JSON.parse(String(data)) as Update[]) handler(update);
        };
        socket.onclose = () => {
          if (stopped) return;
          links.forEach((tell) => tell(false));
          again = setTimeout(connect, RETRY_MS);
        };
      };
      connect();
      return () => {
        stopped = true;
        clearTimeout(again);
        socket?.close();
      };
    },
    onLink(handler) {
      links.add(handler);
      return () => links.delete(handler);
    },
    // A page cannot learn a path from a browser's own dialog, so the person types it.
    pickPlan: () => Promise.resolve(window.prompt("Path of the plan")),
    pickSave: () => Promise.resolve(null),
    onFileDrop: () => () => undefined,
  };
}

async function post<N extends CallName>(origin: string, name: N, args: Calls[N]["args"]): Promise<Calls[N]["reply"]> {
  let response: Response;
  try {
    response = await fetch(`${origin}/rpc/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(args),
    });
  } catch (thrown) {
    throw new Refused({
      code: "unreachable",
      message: `Holdpoint's core does not answer at ${origin}`,
      hints: ["Start it again, then retry. A run that was under way goes on where its journal ends."],
      causes: [thrown instanceof Error ? thrown.message : String(thrown)],
    });
  }
  const body: unknown = await response.json();
  if (!response.ok) throw refused(body as Problem);
  return body as Calls[N]["reply"];
}
