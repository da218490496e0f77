// Sign-ins that are under way: one for each session, whoever asked. What was asked for here is shown at once, the rest waits in a strip.
import { SvelteMap } from "svelte/reactivity";
import { refused, type Host, type SignInView, type Update } from "../../host/host.ts";
import { toasts } from "../../kit/toasts.svelte.ts";

export class SignInController {
  /** The newest of each session. */
  readonly views = new SvelteMap<string, SignInView>();
  /** The session whose dialog is open. */
  shown = $state<string | null>(null);
  busy = $state(false);
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  get view(): SignInView | null {
    return this.shown === null ? null : (this.views.get(this.shown) ?? null);
  }

  /** One that goes on and is not looked at. */
  get behind(): SignInView | null {
    return [...this.views.values()].find((view) => view.session !== this.shown && isUnderWay(view)) ?? null;
  }

  /** Begins to sign in, or joins who already does, and shows it. */
  async begin(session: string, device = false): Promise<void> {
    await this.#act(async () => {
      this.#take(await this.#host.call("sso.sign_in", { session, device }));
      this.shown = session;
    });
  }

  /** Shows one that was begun elsewhere on the page: for one signature, by somebody else. */
  adopt(view: SignInView): void {
    this.#take(view);
    this.shown = view.session;
  }

  /** Begins anew in another way: what is under way is ended first, because there is only one at a time. */
  async again(session: string, device: boolean): Promise<void> {
    const under = this.views.get(session);
    if (under && isUnderWay(under)) await this.cancel(session);
    await this.begin(session, device);
  }

  /** Ends a sign-in for everybody who waits for it. */
  async cancel(session: string): Promise<void> {
    await this.#act(async () => {
      await this.#host.call("sso.cancel", { session });
    });
  }

  /** Has the browser opened once more. */
  async open(session: string): Promise<void> {
    await this.#act(async () => {
      this.#take(await this.#host.call("sso.open", { session }));
    });
  }

  show(session: string): void {
    this.shown = session;
  }

  hide(): void {
    this.shown = null;
  }

  hear(update: Update): void {
    if (update.type === "sign_in") this.#take(update.view);
  }

  /** A late word of an attempt that was replaced is not heard; nor is one from before what is known: a reply may come after what was pushed behind it. */
  #take(view: SignInView): void {
    const known = this.views.get(view.session);
    if (known && (known.attempt > view.attempt || (known.attempt === view.attempt && stageOf(known) > stageOf(view)))) return;
    this.views.set(view.session, view);
  }

  async #act(act: () => Promise<void>): Promise<void> {
    this.busy = true;
    try {
      await act();
    } catch (thrown) {
      const { message, hints } = refused(thrown);
      toasts.say([message, ...hints].join(". "), "danger");
    } finally {
      this.busy = false;
    }
  }
}

/** One for a single signature: it belongs to a run, and is begun again only from its hold. */
export function isForOneSignature(view: SignInView): boolean {
  return view.session.startsWith("guest:");
}

/** How far it is: begun, with a person, over. */
function stageOf(view: SignInView): number {
  return view.state === "starting" ? 0 : isUnderWay(view) ? 1 : 2;
}

export function isUnderWay(view: SignInView): boolean {
  return view.state === "starting" || view.state === "browser" || view.state === "code";
}
