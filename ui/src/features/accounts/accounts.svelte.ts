// The profiles of this machine and the one that was chosen. Choosing never alters an open run: it keeps its pin.
import { refused, type Host, type Identity, type Profile, type Refused } from "../../host/host.ts";

export class AccountsController {
  profiles = $state.raw<Profile[]>([]);
  /** Why there are none, where that has a reason. */
  explanation = $state<string | null>(null);
  unreadable = $state.raw<Refused | null>(null);
  identity = $state.raw<Identity | null>(null);
  checking = $state<string | null>(null);
  refusal = $state.raw<Refused | null>(null);
  #read = false;
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Reads the profiles, once. */
  async load(): Promise<void> {
    if (this.#read) return;
    this.#read = true;
    try {
      const found = await this.#host.call("profiles.list", {});
      this.profiles = found.profiles;
      this.explanation = found.explanation;
      this.unreadable = null;
    } catch (thrown) {
      this.#read = false;
      this.unreadable = refused(thrown);
    }
  }

  /** Asks STS who a profile is. The last one asked for wins. */
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
}
