// What a guide would become as a checked plan: looked at, changed by the operator, saved as a file of its own.
import { refused, type Host, type ImportFinding, type ImportView, type PlanImport, type ProposalView, type Refused } from "../../host/host.ts";

export class ImportController {
  view = $state.raw<ImportView | null>(null);
  unreadable = $state.raw<Refused | null>(null);
  refusal = $state.raw<Refused | null>(null);
  busy = $state<"plan.import" | "plan.import_save" | null>(null);
  /** Where the result was written. */
  saved = $state<string | null>(null);
  /** The file that would be replaced: asked for before it is. */
  inTheWay = $state<string | null>(null);
  selected = $state<string | null>(null);
  readonly path: string;
  readonly #host: Host;
  #wish: PlanImport;
  #asked = 0;

  /** Ids of commands outside of code fences that become steps. */
  accepted = $state.raw<readonly string[]>([]);
  /** What could be lifted, and what is offered: only these can be accepted or refused. */
  readonly liftable: ProposalView[] = $derived(
    this.view?.proposals.filter((one) => one.outcome === "lifted" || one.outcome === "refused" || one.outcome === "offered" || this.accepted.includes(one.id)) ?? [],
  );
  readonly fixable: ImportFinding[] = $derived(this.view?.findings.filter((one) => one.fix !== null) ?? []);

  constructor(host: Host, path: string) {
    this.#host = host;
    this.path = path;
    this.#wish = { path, repair: false, refused: [], accepted: [], fixes: [] };
  }

  open(): Promise<void> {
    return this.#ask(this.#wish);
  }

  /** Accepts a lift, or refuses it: then its command stays a script. What stands outside of code fences becomes a step, or none. */
  toggle(id: string): Promise<void> {
    const { refused: ids, accepted } = this.#wish;
    const offered = accepted.includes(id) || this.view?.proposals.find((one) => one.id === id)?.outcome === "offered";
    if (offered) return this.#ask({ ...this.#wish, accepted: accepted.includes(id) ? accepted.filter((other) => other !== id) : [...accepted, id] });
    return this.#ask({ ...this.#wish, refused: ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id] });
  }

  /** Accepts all lifts, or refuses all; what stands in sentences is decided one by one. */
  all(accepted: boolean): Promise<void> {
    const lifts = this.liftable.filter((one) => one.outcome !== "offered" && !this.accepted.includes(one.id));
    return this.#ask({ ...this.#wish, refused: accepted ? [] : lifts.map((one) => one.id) });
  }

  fix(id: string): Promise<void> {
    return this.#ask({ ...this.#wish, fixes: [...this.#wish.fixes, id] });
  }

  /** How many repairs of findings were made. */
  get fixed(): number {
    return this.#wish.fixes.length;
  }

  unfix(): Promise<void> {
    return this.#ask({ ...this.#wish, fixes: this.#wish.fixes.slice(0, -1) });
  }

  repair(on: boolean): Promise<void> {
    return this.#ask({ ...this.#wish, repair: on });
  }

  /** The next proposal that can be decided, or the one before. */
  move(by: 1 | -1): void {
    const ids = this.liftable.map((one) => one.id);
    if (ids.length === 0) return;
    const at = this.selected === null ? (by === 1 ? -1 : 0) : ids.indexOf(this.selected);
    this.selected = ids[(at + by + ids.length) % ids.length] ?? null;
  }

  /** Asks by the system's own dialog where the result goes; null when the person thought better of it, or there is no such dialog. */
  async pickPlace(): Promise<string | null> {
    const name = this.view?.suggested.split(/[\\/]/).pop() ?? "deployment.plan.md";
    try {
      return await this.#host.pickSave(name, "md");
    } catch (thrown) {
      this.refusal = refused(thrown);
      return null;
    }
  }

  /** Writes exactly what is shown: the guide's digest and every choice go along. */
  async write(to: string, replace: boolean): Promise<void> {
    const view = this.view;
    if (!view || this.busy !== null) return;
    this.busy = "plan.import_save";
    this.refusal = null;
    this.inTheWay = null;
    try {
      const done = await this.#host.call("plan.import_save", { plan: this.#wish, digest: view.digest, to, replace });
      this.saved = done.path;
    } catch (thrown) {
      const no = refused(thrown);
      if (no.code === "exists" && !replace) this.inTheWay = to;
      else this.refusal = no;
    } finally {
      this.busy = null;
    }
  }

  /** The last question wins: an answer that comes after a newer one was asked for is dropped. */
  async #ask(wish: PlanImport): Promise<void> {
    const number = ++this.#asked;
    this.#wish = wish;
    this.busy = "plan.import";
    this.saved = null;
    try {
      const view = await this.#host.call("plan.import", wish);
      if (number !== this.#asked) return;
      this.view = view;
      this.accepted = wish.accepted;
      this.unreadable = null;
      this.refusal = null;
    } catch (thrown) {
      if (number !== this.#asked) return;
      if (this.view) this.refusal = refused(thrown);
      else this.unreadable = refused(thrown);
    } finally {
      if (number === this.#asked) this.busy = null;
    }
  }
}
