// One plan file as read: opened, trusted, started.
import { refused, type Calls, type Finding, type FixPreview, type Host, type Mode, type PlanView, type Refused, type Target } from "../../host/host.ts";

export class PlanController {
  view = $state.raw<PlanView | null>(null);
  unreadable = $state.raw<Refused | null>(null);
  refusal = $state.raw<Refused | null>(null);
  /** What the repair that is looked at would change. */
  preview = $state.raw<FixPreview | null>(null);
  busy = $state<"plan.open" | "plan.trust" | "plan.fix_preview" | "plan.fix" | "run.start" | null>(null);
  readonly path: string;
  readonly #host: Host;

  readonly errors: Finding[] = $derived(this.view?.findings.filter((finding) => finding.severity === "error") ?? []);
  readonly warnings: Finding[] = $derived(this.view?.findings.filter((finding) => finding.severity === "warning") ?? []);
  /** Why a run cannot start, in words; null when it can. */
  readonly notStartable: string | null = $derived.by(() => {
    if (!this.view) return "the plan is not read yet";
    if (this.errors.length > 0) return "it has errors";
    if (!this.view.trusted) return "it is not trusted yet";
    if (this.view.stages.every((stage) => stage.steps.length === 0)) return "it has no step";
    return null;
  });

  constructor(host: Host, path: string) {
    this.#host = host;
    this.path = path;
  }

  async open(): Promise<void> {
    await this.#attempt("plan.open", async () => {
      try {
        this.view = await this.#host.call("plan.open", { path: this.path });
        this.unreadable = null;
      } catch (thrown) {
        this.unreadable = refused(thrown);
      }
    });
  }

  /** Trusts exactly what is on the screen: the digest goes along. */
  async trust(): Promise<void> {
    const view = this.view;
    if (!view) return;
    await this.#attempt("plan.trust", async () => {
      this.view = await this.#host.call("plan.trust", { path: view.path, digest: view.digest });
    });
  }

  /** Asks what a repair would change. */
  async previewFix(fix: string): Promise<void> {
    const view = this.view;
    this.preview = null;
    if (!view) return;
    await this.#attempt("plan.fix_preview", async () => {
      this.preview = await this.#host.call("plan.fix_preview", { path: view.path, digest: view.digest, fix });
    });
  }

  /** Makes a repair in the plan's file, of exactly what is on the screen; whether it was made. */
  async fix(fix: string): Promise<boolean> {
    const view = this.view;
    if (!view) return false;
    let made = false;
    await this.#attempt("plan.fix", async () => {
      this.view = await this.#host.call("plan.fix", { path: view.path, digest: view.digest, fix });
      made = true;
    });
    return made;
  }

  /** Starts a run of exactly what is on the screen; the run's id, or null when it was refused. */
  async start(how: { mode: Mode; profile: string | null; scenario: string | null; speed: number; target: Target | null; vars: Record<string, string> }): Promise<string | null> {
    const view = this.view;
    if (!view) return null;
    let started: Calls["run.start"]["reply"] | null = null;
    await this.#attempt("run.start", async () => {
      started = await this.#host.call("run.start", { path: view.path, digest: view.digest, ...how });
    });
    return (started as Calls["run.start"]["reply"] | null)?.run ?? null;
  }

  async #attempt(what: NonNullable<PlanController["busy"]>, act: () => Promise<void>): Promise<void> {
    if (this.busy !== null) return;
    this.busy = what;
    this.refusal = null;
    try {
      await act();
    } catch (thrown) {
      this.refusal = refused(thrown);
    } finally {
      this.busy = null;
    }
  }
}
