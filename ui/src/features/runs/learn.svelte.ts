// A failure that becomes a known problem: what it offers, what is typed, what would be written.
import { refused, type Host, type KnownDraft, type KnownForm, type KnownMessage, type KnownOffer, type Refused, type RunView } from "../../host/host.ts";

/** How long typing must rest before what would be written is asked for, in milliseconds. */
const REST = 200;

export class Learner {
  offer = $state.raw<KnownOffer | null>(null);
  draft = $state.raw<KnownDraft | null>(null);
  refusal = $state.raw<Refused | null>(null);
  busy = $state(false);
  title = $state("");
  cause = $state("");
  repair = $state("");
  regex = $state("");
  message = $state(0);
  to = $state<"user" | "plan">("user");
  /** Nothing is complained about before something was typed, or saving was tried. */
  touched = $state(false);
  readonly #host: Host;
  readonly #run: string;
  readonly #step: string;
  readonly #onsaved: (view: RunView) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #asked = 0;

  readonly shown: KnownMessage | null = $derived(this.offer?.messages[this.message] ?? null);

  constructor(host: Host, run: string, step: string, onsaved: (view: RunView) => void) {
    this.#host = host;
    this.#run = run;
    this.#step = step;
    this.#onsaved = onsaved;
  }

  async open(): Promise<void> {
    try {
      this.offer = await this.#host.call("known.offer", { run: this.#run, step: this.#step });
      this.choose(0);
    } catch (thrown) {
      this.refusal = refused(thrown);
    }
  }

  /** Takes another line of the failure, and the expression proposed for it. */
  choose(message: number): void {
    this.message = message;
    this.regex = this.offer?.messages[message]?.regex ?? "";
    void this.look();
  }

  /** What is wrong with a field, in words; nothing while nobody has typed. */
  fault(field: string): string | undefined {
    if (!this.touched) return undefined;
    return this.draft?.faults.filter(([of]) => of === field).map(([, said]) => said).join("; ") || undefined;
  }

  changed(): void {
    this.#rest();
    this.#timer = setTimeout(() => void this.look(), REST);
  }

  /** Asks what would be written. Answers may overtake each other: the last question counts. */
  async look(): Promise<void> {
    if (this.offer === null) return;
    const number = ++this.#asked;
    try {
      const draft = await this.#host.call("known.draft", this.#form());
      if (number === this.#asked) [this.draft, this.refusal] = [draft, null];
    } catch (thrown) {
      if (number === this.#asked) [this.draft, this.refusal] = [null, refused(thrown)];
    }
  }

  /** Saves what is shown; whether it was saved. */
  async save(): Promise<boolean> {
    if (this.busy || this.offer === null) return false;
    this.#rest();
    this.touched = true;
    await this.look();
    if (this.draft === null || this.draft.yaml === null) return false;
    this.busy = true;
    try {
      this.#onsaved(await this.#host.call("known.save", this.#form()));
      return true;
    } catch (thrown) {
      this.refusal = refused(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }

  #rest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #form(): KnownForm {
    const repairs = this.repair.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    return { run: this.#run, step: this.#step, message: this.message, id: null, title: this.title, meaning: "", cause: this.cause, repairs, regex: this.regex, to: this.to };
  }
}
