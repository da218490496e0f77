// All runs that there are, those that somebody looks for, and two of them beside each other.
import { refused, type ComparisonView, type HistoryView, type Host, type Mode, type PastRun, type Refused } from "../../host/host.ts";

/** Rows of one answer. */
const PAGE = 100;
/** How long typing must rest before it is looked for, in milliseconds. */
const REST = 150;

export class HistoryController {
  view = $state.raw<HistoryView | null>(null);
  rows = $state.raw<PastRun[]>([]);
  refusal = $state.raw<Refused | null>(null);
  words = $state("");
  mode = $state<Mode | "any">("any");
  /** Runs that are to stand beside each other, the earlier choice first. */
  chosen = $state.raw<string[]>([]);
  readonly #host: Host;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #asked = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Looks once typing rests. */
  typed(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.look(), REST);
  }

  /** Looks from the newest on. */
  async look(): Promise<void> {
    await this.#ask([]);
  }

  /** Looks further back. */
  async more(): Promise<void> {
    await this.#ask(this.rows);
  }

  /** Chooses a run to compare, or takes it back; of three the first goes. */
  choose(run: string): void {
    this.chosen = this.chosen.includes(run) ? this.chosen.filter((one) => one !== run) : [...this.chosen, run].slice(-2);
  }

  /** Answers may overtake each other: the last question counts. */
  async #ask(before: PastRun[]): Promise<void> {
    const number = ++this.#asked;
    try {
      const view = await this.#host.call("runs.history", { words: this.words, mode: this.mode === "any" ? null : this.mode, after: before.length, most: PAGE });
      if (number !== this.#asked) return;
      [this.view, this.rows, this.refusal] = [view, [...before, ...view.rows], null];
    } catch (thrown) {
      if (number === this.#asked) this.refusal = refused(thrown);
    }
  }
}

export class ComparisonController {
  view = $state.raw<ComparisonView | null>(null);
  refusal = $state.raw<Refused | null>(null);
  /** Show steps that went alike, too. */
  all = $state(false);
  readonly #host: Host;
  readonly #one: string;
  readonly #other: string;

  readonly steps = $derived((this.view?.steps ?? []).filter((step) => this.all || step.differs.length > 0));

  constructor(host: Host, one: string, other: string) {
    this.#host = host;
    this.#one = one;
    this.#other = other;
  }

  async open(): Promise<void> {
    try {
      this.view = await this.#host.call("runs.compare", { one: this.#one, other: this.#other });
      this.all = this.view.steps.every((step) => step.differs.length === 0);
    } catch (thrown) {
      this.refusal = refused(thrown);
    }
  }
}
