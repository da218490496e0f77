// The console as a whole: which screen shows, the home view, the runs that are open here, the link to the core, and the actions that are always there.
import { AccountsController } from "../features/accounts/accounts.svelte.ts";
import { DeskController } from "../features/accounts/desk.svelte.ts";
import { DoctorController } from "../features/accounts/doctor.svelte.ts";
import { LockController } from "../features/accounts/lock.svelte.ts";
import { SignInController } from "../features/accounts/signin.svelte.ts";
import { ImportController } from "../features/plans/import.svelte.ts";
import { PlanController } from "../features/plans/plan.svelte.ts";
import { RunController } from "../features/runs/run.svelte.ts";
import { refused, type Home, type Host, type Identity, type Mode, type NoticeView, type Refused, type Update } from "../host/host.ts";
import { Actions } from "../kit/actions.svelte.ts";
import { toasts } from "../kit/toasts.svelte.ts";
import type { Tone } from "../kit/tone.ts";
import { hashOf, placeOf, type Place } from "./place.ts";

const REFRESH_MS = 300;
const CLOCKS_MS = 30_000;

export class Console {
  readonly host: Host;
  readonly actions = new Actions();
  readonly accounts: AccountsController;
  readonly desk: DeskController;
  readonly doctor: DoctorController;
  readonly lock: LockController;
  readonly signIn: SignInController;
  home = $state.raw<Home | null>(null);
  unreadable = $state.raw<Refused | null>(null);
  place = $state.raw<Place>({ screen: "home" });
  plan = $state.raw<PlanController | null>(null);
  importing = $state.raw<ImportController | null>(null);
  run = $state.raw<RunController | null>(null);
  linked = $state(true);
  dragging = $state(false);
  open = $state<"palette" | "identities" | "keys" | null>(null);

  #soon: ReturnType<typeof setTimeout> | null = null;

  constructor(host: Host) {
    this.host = host;
    this.accounts = new AccountsController(host);
    this.desk = new DeskController(host);
    this.doctor = new DoctorController(host);
    this.lock = new LockController(host);
    this.signIn = new SignInController(host);
  }

  /** Who would act here: the run's pin where a run shows, else what was chosen. */
  get identity(): Identity | null {
    return this.run?.view?.identity ?? this.accounts.identity ?? this.home?.identity ?? null;
  }

  get mode(): Mode {
    return this.run?.view?.mode ?? "live";
  }

  /** Starts listening; returns what stops it. */
  start(): () => void {
    const stops = [
      this.host.onUpdate((update) => this.#hear(update)),
      this.host.onLink((up) => this.#link(up)),
      this.host.onFileDrop((drop) => {
        this.dragging = drop.phase === "over";
        if (drop.phase === "dropped") this.#dropped(drop.paths);
      }),
      this.actions.add(this.#always()),
    ];
    const follow = () => this.#follow(placeOf(location.hash));
    window.addEventListener("hashchange", follow);
    follow();
    // A plan is edited in another program: coming back from it is when to look.
    const back = () => void this.run?.readEdited();
    window.addEventListener("focus", back);
    const present = () => this.lock.touch();
    const signs = ["keydown", "pointerdown", "pointermove", "wheel"] as const;
    for (const sign of signs) window.addEventListener(sign, present, { passive: true, capture: true });
    void this.refresh();
    void this.lock.read();
    const clocks = setInterval(() => {
      if (!document.hidden) void this.accounts.readClocks();
    }, CLOCKS_MS);
    return () => {
      clearInterval(clocks);
      for (const sign of signs) window.removeEventListener(sign, present, { capture: true });
      window.removeEventListener("hashchange", follow);
      window.removeEventListener("focus", back);
      if (this.#soon !== null) clearTimeout(this.#soon);
      for (const stop of stops) stop();
    };
  }

  /** Goes to a place; back and forward come by themselves. */
  go(place: Place): void {
    location.hash = hashOf(place);
  }

  async refresh(): Promise<void> {
    try {
      const first = this.home === null;
      this.home = await this.host.call("home.view", {});
      const { open_at_start } = this.home;
      if (first && open_at_start !== null && this.place.screen === "home") this.go({ screen: "plan", path: open_at_start });
      this.unreadable = null;
    } catch (thrown) {
      this.unreadable = refused(thrown);
    }
  }

  async pickPlan(): Promise<void> {
    try {
      const path = await this.host.pickPlan();
      if (path !== null && path !== "") this.go({ screen: "plan", path });
    } catch (thrown) {
      toasts.say(refused(thrown).message, "danger");
    }
  }

  #follow(place: Place): void {
    this.place = place;
    this.plan = place.screen === "plan" ? new PlanController(this.host, place.path) : null;
    this.run = place.screen === "run" ? new RunController(this.host, place.run) : null;
    this.importing = place.screen === "import" ? new ImportController(this.host, place.path) : null;
    void this.plan?.open();
    void this.importing?.open();
    void this.run?.open();
    void this.run?.readEdited();
    if (place.screen === "home") void this.refresh();
  }

  #hear(update: Update): void {
    this.run?.hear(update);
    this.accounts.hear(update);
    this.desk.hear(update);
    this.lock.hear(update);
    this.signIn.hear(update);
    if (update.type === "home") this.#refreshSoon();
    if (update.type === "notice") this.#notice(update.view);
  }

  /** What ends soon is told once; a sign-in that helps is one press away. */
  #notice({ kind, title, said, session }: NoticeView): void {
    const tone: Tone = { ending: "warn", ended: "danger", note: "plain" }[kind] as Tone;
    toasts.say(`${title}. ${said}`, tone, session === null ? undefined : { word: "Sign in…", run: () => void this.signIn.begin(session) });
  }

  /** Lists change often while a run goes on; they are read at most once in a while, and once more after the last change. */
  #refreshSoon(): void {
    if (this.#soon !== null) return;
    this.#soon = setTimeout(() => {
      this.#soon = null;
      void this.refresh();
      // It also stands for updates that were lost because the page was slow.
      void this.run?.open();
    }, REFRESH_MS);
  }

  /** When the link comes back, what happened meanwhile is read anew. */
  #link(up: boolean): void {
    const back = up && !this.linked;
    this.linked = up;
    if (!back) return;
    void this.refresh();
    void this.lock.read();
    void this.desk.read();
    void this.run?.open();
  }

  #dropped(paths: string[]): void {
    const [path] = paths;
    if (path === undefined) return;
    if (paths.length > 1) toasts.say("One plan at a time: opened the first of the files");
    this.go({ screen: "plan", path });
  }

  #always() {
    return [
      { id: "app.palette", title: "Find an action", group: "Console", keys: "$mod+k", run: () => void (this.open = "palette") },
      { id: "app.identity", title: "Switch identity", group: "Console", keys: "[Shift]+[Alt]+[Control]+@", words: "profile account role", run: () => this.#identities() },
      { id: "app.keys", title: "Show all keys", group: "Console", keys: "[Shift]+?", run: () => void (this.open = "keys") },
      { id: "app.home", title: "Home", group: "Console", keys: "g h", run: () => this.go({ screen: "home" }) },
      { id: "app.history", title: "History", group: "Console", keys: "g y", words: "runs past compare", run: () => this.go({ screen: "history" }) },
      { id: "app.accounts", title: "Accounts", group: "Console", keys: "g a", words: "sso session sign in doctor secrets", run: () => this.go({ screen: "accounts" }) },
      { id: "app.lock", title: "Lock now", group: "Console", keys: "$mod+Shift+l", when: () => this.lock.view !== null, run: () => this.lock.lock() },
      { id: "app.waiting", title: "Go to what waits for me", group: "Console", keys: "g w", when: () => (this.home?.waiting.length ?? 0) > 0, run: () => this.#waiting() },
      { id: "plan.pick", title: "Open a plan…", group: "Console", keys: "$mod+o", words: "file", run: () => this.pickPlan() },
      { id: "app.light", title: "Appearance: light", group: "Appearance", run: () => setScheme("light") },
      { id: "app.dark", title: "Appearance: dark", group: "Appearance", run: () => setScheme("dark") },
      { id: "app.system", title: "Appearance: as the system", group: "Appearance", run: () => setScheme(null) },
    ];
  }

  /** Switches to a profile: shown at once, vouched for by STS right after. An open run keeps its pin. */
  async switchIdentity(profile: string): Promise<void> {
    await this.accounts.use(profile);
    if (this.accounts.refusal) toasts.say(`${profile}: ${this.accounts.refusal.message}`, "danger");
  }

  #identities(): void {
    void this.accounts.load();
    this.open = "identities";
  }

  #waiting(): void {
    const first = this.home?.waiting[0];
    if (first) this.go({ screen: "run", run: first.run });
  }
}

/** Sets light or dark against the system's wish, and remembers it. */
export function setScheme(scheme: string | null): void {
  if (scheme === "light" || scheme === "dark") {
    document.documentElement.dataset["scheme"] = scheme;
    localStorage.setItem("scheme", scheme);
  } else {
    delete document.documentElement.dataset["scheme"];
    localStorage.removeItem("scheme");
  }
}
