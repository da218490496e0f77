// One run as this window sees it: the newest view that the core published, the step being read, its log, and what is under way.
import { refused, type Answer, type CallName, type Calls, type Host, type LogLine, type Refused, type ReportFormat, type RunView, type StepView, type Update } from "../../host/host.ts";
import { isClosed } from "./status.ts";

export class RunController {
  view = $state.raw<RunView | null>(null);
  /** Why the view could not be had. */
  unreadable = $state.raw<Refused | null>(null);
  /** Why the last thing asked for was refused. */
  refusal = $state.raw<Refused | null>(null);
  /** The call under way, so that nothing is asked twice. */
  busy = $state<CallName | null>(null);
  /** The step being read; null follows the run. */
  #chosen = $state<string | null>(null);
  #logs = $state.raw<Record<string, LogLine[]>>({});
  /** The steps whose logs are being fetched. */
  readonly #reading: Record<string, boolean> = {};
  readonly #host: Host;
  readonly run: string;

  readonly steps: StepView[] = $derived(this.view?.stages.flatMap((stage) => stage.steps) ?? []);
  readonly current: StepView | null = $derived(this.steps.find((step) => step.id === this.view?.current) ?? null);
  readonly shown: StepView | null = $derived(this.steps.find((step) => step.id === this.#chosen) ?? this.current ?? this.steps[0] ?? null);
  readonly follows: boolean = $derived(this.#chosen === null);
  readonly log: LogLine[] = $derived(this.shown === null ? [] : (this.#logs[this.shown.id] ?? []));
  /** Whether this window may act: somebody else's run, and one that is over, can only be read. */
  readonly mayAct: boolean = $derived(this.view !== null && this.view.driven_by === null && !isClosed(this.view.status) && !this.view.resumable);

  constructor(host: Host, run: string) {
    this.#host = host;
    this.run = run;
  }

  async open(): Promise<void> {
    try {
      this.hear({ type: "run", view: await this.#host.call("run.view", { run: this.run }) });
      this.unreadable = null;
    } catch (thrown) {
      this.unreadable = refused(thrown);
    }
  }

  /** Takes what the core published. Views may overtake each other: the highest number is the newest. */
  hear(update: Update): void {
    if (update.type === "run" && update.view.run === this.run) {
      if (this.view === null || update.view.seq >= this.view.seq) this.view = update.view;
    } else if (update.type === "log" && update.run === this.run) {
      this.#append(update.step, update.lines);
    }
  }

  /** Reads a step; null follows the run again. */
  read(step: string | null): void {
    this.#chosen = step;
  }

  /** Moves the reading one step up or down the rail. */
  readNext(by: 1 | -1): void {
    const at = this.steps.findIndex((step) => step.id === this.shown?.id);
    const next = this.steps[at + by];
    if (next) this.read(next.id);
  }

  /** Fetches what is missing of a step's log. Safe to call at every view. */
  async readLog(step: StepView): Promise<void> {
    const have = () => this.#logs[step.id]?.at(-1)?.number ?? 0;
    if (this.#reading[step.id] === true || have() >= step.log_lines) return;
    this.#reading[step.id] = true;
    try {
      let page;
      do {
        page = await this.#host.call("run.log", { run: this.run, step: step.id, after_line: have() });
        this.#append(step.id, page.lines);
      } while (page.lines.length > 0 && have() < page.total);
    } catch (thrown) {
      this.refusal = refused(thrown);
    } finally {
      this.#reading[step.id] = false;
    }
  }

  sign(hold: string, decision: "go" | "no_go", by: { profile: string | null; person: string | null }, reason: string | null): Promise<boolean> {
    return this.#ask("run.sign", { run: this.run, hold, decision, ...by, reason });
  }

  tick(step: string, item: string, on: boolean, reason: string | null): Promise<boolean> {
    return this.#ask("run.tick", { run: this.run, step, item, on, reason });
  }

  answer(step: string, answer: Answer): Promise<boolean> {
    return this.#ask("run.answer", { run: this.run, step, answer });
  }

  choose(step: string, choice: string, reason: string | null): Promise<boolean> {
    return this.#ask("run.choose", { run: this.run, step, choice, reason });
  }

  rollBack(reason: string): Promise<boolean> {
    return this.#ask("run.rollback", { run: this.run, reason });
  }

  abort(reason: string): Promise<boolean> {
    return this.#ask("run.abort", { run: this.run, reason });
  }

  resume(): Promise<boolean> {
    return this.#ask("run.resume", { run: this.run });
  }

  /** Writes the report; null when the person gave no place or it was refused. */
  async exportReport(format: ReportFormat): Promise<Calls["report.export"]["reply"] | null> {
    const extension = { markdown: "md", html: "html", json: "json" }[format];
    const path = await this.#host.pickSave(`run-${this.run}.${extension}`, extension);
    if (path === null) return null;
    try {
      return await this.#host.call("report.export", { run: this.run, format, path });
    } catch (thrown) {
      this.refusal = refused(thrown);
      return null;
    }
  }

  previewRollback(): Promise<Calls["run.rollback_preview"]["reply"]> {
    return this.#host.call("run.rollback_preview", { run: this.run });
  }

  async #ask<N extends CallName>(name: N, args: Calls[N]["args"]): Promise<boolean> {
    if (this.busy !== null) return false;
    this.busy = name;
    this.refusal = null;
    try {
      this.hear({ type: "run", view: (await this.#host.call(name, args)) as RunView });
      return true;
    } catch (thrown) {
      this.refusal = refused(thrown);
      return false;
    } finally {
      this.busy = null;
    }
  }

  #append(step: string, lines: LogLine[]): void {
    const have = this.#logs[step] ?? [];
    const last = have.at(-1)?.number ?? 0;
    const fresh = lines.filter((line) => line.number > last);
    // A gap would lie about what was written: the missing part is fetched by readLog.
    if (fresh.length === 0 || fresh[0]?.number !== last + 1) return;
    this.#logs = { ...this.#logs, [step]: [...have, ...fresh] };
  }
}
