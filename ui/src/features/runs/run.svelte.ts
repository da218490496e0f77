// One run as this window sees it: the newest view that the core published, the step being read, its log, and what is under way.
import { refused, type CallName, type Calls, type Edited, type Host, type LogLine, type Refused, type ReportFile, type ReportFormat, type RunView, type SignInView, type StageView, type StepView, type Update, type Verified } from "../../host/host.ts";
import type { Answer } from "./answer.ts";
import { Learner } from "./learn.svelte.ts";
import { Lesson } from "./lesson.svelte.ts";

export class RunController {
  view = $state.raw<RunView | null>(null);
  /** Why the view could not be had. */
  unreadable = $state.raw<Refused | null>(null);
  /** Why the last thing asked for was refused. */
  refusal = $state.raw<Refused | null>(null);
  /** What the plan's file says now, where the run is walked by something else. */
  edited = $state.raw<Edited | null>(null);
  /** The call under way, so that nothing is asked twice. */
  busy = $state<CallName | null>(null);
  /** The step being read; null follows the run. */
  #chosen = $state<string | null>(null);
  #logs = $state.raw<Record<string, Log>>({});
  /** The logs that are being fetched. */
  readonly #reading: Record<string, boolean> = {};
  /** How many lines of a step's log were asked for. */
  readonly #asked: Record<string, number> = {};
  readonly #host: Host;
  readonly run: string;

  /** The stages that a run walks; the others are to be read in the plan. */
  readonly stages: StageView[] = $derived(this.view?.stages.filter((stage) => stage.role !== "rollback" && stage.role !== "reference" && stage.steps.length > 0) ?? []);
  readonly steps: StepView[] = $derived(this.stages.flatMap((stage) => stage.steps));
  readonly current: StepView | null = $derived(this.steps.find((step) => step.id === this.view?.current) ?? null);
  readonly shown: StepView | null = $derived(this.steps.find((step) => step.id === this.#chosen) ?? this.current ?? this.#last());
  readonly follows: boolean = $derived(this.#chosen === null);
  readonly log: LogLine[] = $derived(this.shown === null ? [] : (this.#logs[logKey(this.shown)]?.lines ?? []));
  /** Whether this window may act: somebody else's run, and one that is over, can only be read. */
  readonly mayAct: boolean = $derived(this.view !== null && this.view.driven_by === null && this.view.ended_at === null && !this.view.resumable && this.view.halted === null);

  /** Whether an edited plan may be adopted from here: also before the run is resumed, so that nothing of the old plan is begun. */
  readonly mayAdopt: boolean = $derived(this.mayAct || (this.view?.resumable === true && this.view.ended_at === null));

  /** The step that can be stopped from here, and was not asked to yet. */
  readonly stoppable: StepView | null = $derived(this.mayAct && this.view?.stop?.asked === "no" ? (this.steps.find((step) => step.id === this.view?.stop?.step) ?? null) : null);
  /** The step that is being stopped gently, and can still be killed from here. */
  readonly killable: StepView | null = $derived(this.mayAct && this.view?.stop?.asked === "gently" ? (this.steps.find((step) => step.id === this.view?.stop?.step) ?? null) : null);

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

  /** Looks whether the plan's file was edited: when the run is opened, and when somebody comes back to the window. */
  async readEdited(): Promise<void> {
    try {
      this.edited = await this.#host.call("run.edited", { run: this.run });
    } catch {
      // A run that cannot be read says so where its view is asked for.
      this.edited = null;
    }
  }

  /** Trusts the edited plan as it was shown. */
  async trustEdited(edited: Edited): Promise<void> {
    if (this.busy !== null) return;
    this.busy = "plan.trust";
    this.refusal = null;
    try {
      await this.#host.call("plan.trust", { path: edited.path, digest: edited.digest });
    } catch (thrown) {
      this.refusal = refused(thrown);
    } finally {
      this.busy = null;
    }
    await this.readEdited();
  }

  /** Goes on with the edited plan as it was shown; `fates` has an answer for each changed step that has a result. */
  async adopt(edited: Edited, fates: Record<string, "keep" | "again">, reason: string): Promise<boolean> {
    const done = await this.#ask("run.adopt", { run: this.run, digest: edited.digest, shown: edited.shown, fates, reason });
    // A refusal says that it, or the run, is another one by now: what is shown is read anew either way.
    await this.readEdited();
    return done;
  }

  /** Takes what the core published. Views may overtake each other: the highest number is the newest. */
  hear(update: Update): void {
    if (update.type === "run" && update.view.run === this.run && (this.view === null || update.view.seq >= this.view.seq)) this.view = update.view;
    // Lines that are pushed may have lost some before them; they only say that there is more to fetch.
    if (update.type === "log" && update.run === this.run && update.step === this.shown?.id) void this.readLog(this.shown, true);
  }

  /** What to read of a run that is at no step: what went wrong, else how it ended or begins. */
  #last(): StepView | null {
    const wrong = this.steps.find((step) => step.diagnosis !== null);
    return wrong ?? this.steps.findLast((step) => step.started_at !== null) ?? this.steps[0] ?? null;
  }

  /** Reads a step; null follows the run again. */
  read(step: string | null): void {
    this.#chosen = step;
  }

  /** What a failure would add to the plan's preflight. */
  lesson(step: string): Lesson {
    return new Lesson(this.#host, this.run, step);
  }

  /** Saves a step's failure as a known problem; the view that comes back shows it. */
  learner(step: string): Learner {
    return new Learner(this.#host, this.run, step, (view) => this.hear({ type: "run", view }));
  }

  /** Moves the reading one step up or down the rail. */
  readNext(by: 1 | -1): void {
    const at = this.steps.findIndex((step) => step.id === this.shown?.id);
    const next = this.steps[at + by];
    if (next) this.read(next.id);
  }

  /** Fetches what is missing of a step's log: what the view counts, or in any case with `more`. Safe to call at every view. */
  async readLog(step: StepView, more = false): Promise<void> {
    const key = logKey(step);
    const read = () => this.#logs[key] ?? { lines: [], total: 0 };
    // What was asked for once and is not there is not asked for again before the view counts more.
    if (this.#reading[key] === true || (!more && Math.max(read().total, this.#asked[key] ?? 0) >= step.log_lines)) return;
    this.#reading[key] = true;
    this.#asked[key] = step.log_lines;
    try {
      let fresh: LogLine[];
      do {
        const before = read();
        const page = await this.#host.call("run.log", { run: this.run, step: step.id, after_line: before.lines.at(-1)?.number ?? 0 });
        fresh = page.lines;
        this.#logs = { ...this.#logs, [key]: { lines: [...before.lines, ...fresh], total: page.total } };
      } while (fresh.length > 0 && (read().lines.at(-1)?.number ?? 0) < read().total);
    } catch (thrown) {
      this.refusal = refused(thrown);
    } finally {
      this.#reading[key] = false;
    }
  }

  /** `person` is a profile; in practice, a person of the practice account. */
  sign(hold: string, decision: "go" | "no_go", person: string, reason: string | null): Promise<boolean> {
    return this.#ask("run.sign", { run: this.run, hold, decision, person, reason });
  }

  /** Somebody else signs in here for this one signature. Gives where to sign in, or null when it was refused. */
  async signAsGuest(hold: string, decision: "go" | "no_go", reason: string | null): Promise<SignInView | null> {
    if (this.busy !== null) return null;
    this.busy = "run.sign_as_guest";
    this.refusal = null;
    try {
      return await this.#host.call("run.sign_as_guest", { run: this.run, hold, decision, reason });
    } catch (thrown) {
      this.refusal = refused(thrown);
      return null;
    } finally {
      this.busy = null;
    }
  }

  tick(step: string, tick: { item: string; on: boolean; reason: string | null; evidence: string | null }): Promise<boolean> {
    return this.#ask("run.tick", { run: this.run, step, ...tick });
  }

  answer(step: string, answer: Answer): Promise<boolean> {
    return this.#ask("run.answer", { run: this.run, step, ...answer });
  }

  /** Gives a value that is kept in memory only; it is not kept here either. */
  giveSecret(name: string, value: string): Promise<boolean> {
    return this.#ask("run.secret", { run: this.run, name, value });
  }

  choose(step: string, choice: string, reason: string | null): Promise<boolean> {
    return this.#ask("run.choose", { run: this.run, step, choice, reason });
  }

  /** `only` these steps, or all; `accepts` has a reason for each caution that wants one. */
  rollBack(reason: string, only: string[] | null, accepts: Record<string, string>): Promise<boolean> {
    return this.#ask("run.rollback", { run: this.run, reason, only, accepts });
  }

  /** Passes a hold without the signatures that it wants. */
  breakGlass(hold: string, who: string, reason: string): Promise<boolean> {
    return this.#ask("run.break_glass", { run: this.run, hold, who, reason });
  }

  /** Has the step that goes on end what it must, and put away what it has. */
  stop(reason: string | null): Promise<boolean> {
    return this.#ask("run.stop", { run: this.run, reason });
  }

  /** Ends it in the middle of what it does, after it was asked gently. */
  kill(reason: string): Promise<boolean> {
    return this.#ask("run.kill", { run: this.run, reason });
  }

  abort(reason: string): Promise<boolean> {
    return this.#ask("run.abort", { run: this.run, reason });
  }

  resume(): Promise<boolean> {
    return this.#ask("run.resume", { run: this.run });
  }

  /** Asks who drives to let go, and goes on here; with `force`, one that does not answer is shut out. */
  takeOver(force: boolean): Promise<boolean> {
    return this.#ask("run.take_over", { run: this.run, force });
  }

  /** What a report of that form is called. */
  reportName(format: ReportFormat): string {
    return `run-${this.run}.${extensionOf(format)}`;
  }

  /** Asks for a place by the system's dialog; null when the person thought better of it. */
  async pickReportPlace(format: ReportFormat): Promise<string | null> {
    try {
      return await this.#host.pickSave(this.reportName(format), extensionOf(format));
    } catch (thrown) {
      this.refusal = refused(thrown);
      return null;
    }
  }

  /** Writes the report; null when it was refused. */
  async exportReport(format: ReportFormat, path: string): Promise<ReportFile | null> {
    this.refusal = null;
    try {
      return await this.#host.call("report.export", { run: this.run, format, path });
    } catch (thrown) {
      this.refusal = refused(thrown);
      return null;
    }
  }

  /** Checks the journal against its chain and its anchors. */
  verify(): Promise<Verified> {
    return this.#host.call("run.verify", { run: this.run });
  }

  previewRollback(only: string[] | null): Promise<Calls["run.rollback_preview"]["reply"]> {
    return this.#host.call("run.rollback_preview", { run: this.run, only });
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
}

function extensionOf(format: ReportFormat): string {
  return { markdown: "md", html: "html", json: "json" }[format];
}

/** Lines in order, and how many there were when they were fetched: events count, and are not among the lines. */
type Log = { lines: LogLine[]; total: number };

/** Every attempt, and the undo, begins a log of its own, numbered from 1. */
function logKey(step: StepView): string {
  return `${step.id}/${step.attempt}/${step.started_at ?? ""}`;
}
