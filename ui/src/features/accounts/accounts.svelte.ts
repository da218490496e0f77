// The profiles of this machine and the one that was chosen. Choosing never alters an open run: it keeps its pin.
import { refused, type Host, type Identity, type Profile, type Refused, type Update } from "../../host/host.ts";

export class AccountsController {
  profiles = $state.raw<Profile[]>([]);
  /** Why there are none, where that has a reason. */
  explanation = $state<string | null>(null);
  unreadable = $state.raw<Refused | null>(null);
  identity = $state.raw<Identity | null>(null);
  /** The profile that STS is being asked about, where somebody waits for its answer. */
  checking = $state<string | null>(null);
  refusal = $state.raw<Refused | null>(null);
  #asked = 0;
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Reads the profiles anew: another program may have written them meanwhile. What was read before shows until then. */
  async load(): Promise<void> {
    try {
      const found = await this.#host.call("profiles.list", {});
      this.profiles = found.profiles;
      this.explanation = found.explanation;
      this.unreadable = null;
    } catch (thrown) {
      this.unreadable = refused(thrown);
    }
  }

  /** Switches. What the files say shows at once; what STS says comes as an update. The last one asked for wins. */
  async use(profile: string): Promise<void> {
    const mine = ++this.#asked;
    this.refusal = null;
    try {
      const identity = await this.#host.call("identity.use", { profile });
      // STS may have answered before this reply was read: what it said is newer.
      if (mine === this.#asked && !(this.identity?.profile === profile && this.identity.standing !== "checking")) this.identity = identity;
    } catch (thrown) {
      if (mine === this.#asked) this.refusal = refused(thrown);
    }
  }

  /** Asks STS who a profile is, and waits for it: a run is started on nothing less. The last one asked for wins. */
  async check(profile: string): Promise<void> {
    this.checking = profile;
    this.refusal = null;
    try {
      const identity = await this.#host.call("identity.check", { profile });
      if (this.checking === profile) this.identity = identity;
    } catch (thrown) {
      if (this.checking === profile) this.refusal = refused(thrown);
    } finally {
      if (this.checking === profile) this.checking = null;
    }
  }

  /** Takes what is pushed. */
  hear(update: Update): void {
    if (update.type === "identity") this.identity = update.view;
    if (update.type !== "accounts") return;
    if (this.profiles.length > 0) void this.load();
    void this.readClocks();
  }

  /** Reads the clocks anew: credentials are renewed, and forgotten, behind what shows. */
  async readClocks(): Promise<void> {
    const shown = this.identity;
    if (shown === null) return;
    try {
      const clocks = await this.#host.call("identity.clocks", {});
      if (this.identity === shown) this.identity = { ...shown, clocks };
    } catch {
      // The clocks that show keep running; that the core is not reachable is said by the link.
    }
  }
}
