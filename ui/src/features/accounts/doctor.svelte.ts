// The doctor: an examination, a finding that is looked at, what its repair would change, and the repair.
import { refused, type DoctorFinding, type DoctorView, type DraftView, type Host, type Refused } from "../../host/host.ts";

export class DoctorController {
  view = $state.raw<DoctorView | null>(null);
  busy = $state(false);
  refusal = $state.raw<Refused | null>(null);
  finding = $state.raw<DoctorFinding | null>(null);
  draft = $state.raw<DraftView | null>(null);
  /** What went wrong with the finding that is open. */
  stuck = $state.raw<Refused | null>(null);
  working = $state(false);
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Things that call for somebody. */
  get weighty(): number {
    return this.view?.findings.filter((finding) => finding.weight === "problem" || finding.weight === "warning").length ?? 0;
  }

  async run(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      this.view = await this.#host.call("doctor.run", {});
      this.refusal = null;
    } catch (thrown) {
      this.refusal = refused(thrown);
    } finally {
      this.busy = false;
    }
  }

  /** Opens a finding, and works out what its repair would change. */
  async look(finding: DoctorFinding): Promise<void> {
    this.finding = finding;
    this.draft = null;
    this.stuck = null;
    if (finding.repair === null) return;
    await this.#work(async () => {
      const draft = await this.#host.call("doctor.preview", { code: finding.code, place: finding.where });
      if (this.finding === finding) this.draft = draft;
    });
  }

  /** Does what was shown, and examines again. */
  async repair(): Promise<void> {
    const draft = this.draft;
    if (!draft?.can_apply || draft.applied) return;
    await this.#work(async () => {
      this.draft = await this.#host.call("doctor.repair", { id: draft.id });
    });
    if (this.stuck === null) await this.run();
  }

  async undo(): Promise<void> {
    const draft = this.draft;
    if (!draft?.can_undo) return;
    await this.#work(async () => {
      this.draft = await this.#host.call("draft.undo", { id: draft.id });
    });
    if (this.stuck === null) await this.run();
  }

  close(): void {
    this.finding = null;
    this.draft = null;
    this.stuck = null;
  }

  async #work(work: () => Promise<void>): Promise<void> {
    this.working = true;
    this.stuck = null;
    try {
      await work();
    } catch (thrown) {
      this.stuck = refused(thrown);
    } finally {
      this.working = false;
    }
  }
}
