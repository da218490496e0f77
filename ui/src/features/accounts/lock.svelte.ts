// The lock. The core decides what it means; the page only tells that somebody is there, and when nobody was for long enough.
import { refused, type Host, type LockView, type Refused, type Update } from "../../host/host.ts";

/** How often at most the core is told that somebody is there. */
const TOUCH_EVERY_MS = 30_000;

export class LockController {
  view = $state.raw<LockView | null>(null);
  busy = $state(false);
  refusal = $state.raw<Refused | null>(null);
  #touched = 0;
  readonly #host: Host;
  readonly #now: () => number;

  constructor(host: Host, now: () => number = Date.now) {
    this.#host = host;
    this.#now = now;
  }

  get locked(): boolean {
    return this.view?.locked === true;
  }

  /** Reads where it stands: a window that opens on a locked console is locked. */
  async read(): Promise<void> {
    await this.#act(() => this.#host.call("lock.view", {}));
  }

  async lock(): Promise<void> {
    await this.#act(() => this.#host.call("lock.now", {}));
  }

  async open(passphrase: string | null): Promise<void> {
    await this.#act(() => this.#host.call("lock.open", { passphrase }));
  }

  /** Somebody moved, typed or pressed. Told now and then: idleness is counted by the core, which also knows of other windows. */
  touch(): void {
    if (this.locked || this.view === null || this.#now() - this.#touched < TOUCH_EVERY_MS) return;
    this.#touched = this.#now();
    this.#host.call("lock.touch", {}).catch(() => {
      // The next touch tells it again; that the core is not reachable shows elsewhere.
      this.#touched = 0;
    });
  }

  hear(update: Update): void {
    if (update.type === "lock") this.view = update.view;
  }

  async #act(ask: () => Promise<LockView>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.refusal = null;
    try {
      this.view = await ask();
    } catch (thrown) {
      this.refusal = refused(thrown);
    } finally {
      this.busy = false;
    }
  }
}
