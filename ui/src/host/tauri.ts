// The host inside the window: one command for every call, one channel for every update.
import { Channel, invoke } from "@tauri-apps/api/core";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import { refused, type CallName, type Calls, type FileDrop, type Host, type Update } from "./host.ts";

export function tauriHost(): Host {
  return {
    call: (name, args) => rpc(name, args),
    onUpdate(handler) {
      let live = true;
      const channel = new Channel<Update[]>((updates) => {
        if (live) for (const update of updates) handler(update);
      });
      void invoke("subscribe", { channel });
      // A channel lives as long as its page; what still comes is let fall.
      return () => void (live = false);
    },
    // The core is this very process: the link cannot be down while the page lives.
    onLink(handler) {
      handler(true);
      return () => undefined;
    },
    pickPlan: () => invoke<string | null>("pick_plan"),
    pickSave: (name, extension) => invoke<string | null>("pick_save", { name, extension }),
    onFileDrop(handler) {
      const listening = getCurrentWebview().onDragDropEvent(({ payload }) => {
        const drop = dropOf(payload);
        if (drop) handler(drop);
      });
      return () => void listening.then((stop) => stop());
    },
  };
}

async function rpc<N extends CallName>(name: N, args: Calls[N]["args"]): Promise<Calls[N]["reply"]> {
  try {
    return await invoke<Calls[N]["reply"]>("rpc", { name, args });
  } catch (thrown) {
    throw refused(thrown);
  }
}

function dropOf(payload: { type: string; paths?: string[] }): FileDrop | null {
  switch (payload.type) {
    case "enter":
      return { phase: "over" };
    case "leave":
      return { phase: "left" };
    case "drop":
      return { phase: "dropped", paths: payload.paths ?? [] };
    default:
      return null;
  }
}
