// A host that answers from a script: for tests of controllers and for looking at the screens. Never shipped.
import { Refused, type CallName, type Calls, type Host, type Update } from "../src/host/host.ts";

export type Script = { [N in CallName]?: (args: Calls[N]["args"]) => Calls[N]["reply"] | Promise<Calls[N]["reply"]> };

export class ScriptedHost implements Host {
  readonly asked: { name: CallName; args: unknown }[] = [];
  readonly #script: Script;
  readonly #handlers = new Set<(update: Update) => void>();
  readonly #links = new Set<(up: boolean) => void>();
  picked: string | null = null;

  constructor(script: Script) {
    this.#script = script;
  }

  async call<N extends CallName>(name: N, args: Calls[N]["args"]): Promise<Calls[N]["reply"]> {
    this.asked.push({ name, args });
    const answer = this.#script[name];
    if (!answer) throw new Refused({ code: null, message: `the script has no answer to ${name}`, hints: [], causes: [] });
    return await answer(args);
  }

  onUpdate(handler: (update: Update) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  onLink(handler: (up: boolean) => void): () => void {
    this.#links.add(handler);
    return () => this.#links.delete(handler);
  }

  publish(update: Update): void {
    for (const handler of this.#handlers) handler(update);
  }

  link(up: boolean): void {
    for (const handler of this.#links) handler(up);
  }

  pickPlan = () => Promise.resolve(this.picked);
  pickSave = () => Promise.resolve(this.picked);
  onFileDrop = () => () => undefined;
}
