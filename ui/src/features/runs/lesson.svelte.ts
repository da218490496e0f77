// A failure that becomes a check of the plan's preflight: what it would add, and the file.
import { refused, type Host, type LessonView, type Refused } from "../../host/host.ts";

export class Lesson {
  view = $state.raw<LessonView | null>(null);
  refusal = $state.raw<Refused | null>(null);
  busy = $state(false);
  readonly #host: Host;
  readonly #run: string;
  readonly #step: string;
  #asked = 0;

  constructor(host: Host, run: string, step: string) {
    this.#host = host;
    this.#run = run;
    this.#step = step;
  }

  /** Shows one of the ways to keep it; the best where none is named. The last question counts. */
  async look(kind: string | null): Promise<void> {
    const number = ++this.#asked;
    try {
      const view = await this.#host.call("lesson.preview", { run: this.#run, step: this.#step, as: kind });
      if (number === this.#asked) [this.view, this.refusal] = [view, null];
    } catch (thrown) {
      if (number === this.#asked) this.refusal = refused(thrown);
    }
  }

  /** Writes what is shown to the plan's file; whether it was written. */
  async save(): Promise<boolean> {
    if (this.busy || this.view === null) return false;
    this.busy = true;
    try {
      const { kind, digest } = this.view;
      await this.#host.call("lesson.save", { run: this.#run, step: this.#step, as: kind, digest });
      return true;
    } catch (thrown) {
      this.refusal = refused(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
