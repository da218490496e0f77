// What the Accounts screen shows and does: sessions, marks, secrets, the vault, and which identity each tool would use.
import { refused, type AccountMark, type AccountsView, type AnswerView, type Host, type KeptIn, type Refused, type Update } from "../../host/host.ts";
import { toasts } from "../../kit/toasts.svelte.ts";

export class DeskController {
  view = $state.raw<AccountsView | null>(null);
  unreadable = $state.raw<Refused | null>(null);
  /** The profile whose answers show. */
  asked = $state<string | null>(null);
  answers = $state.raw<AnswerView[] | null>(null);
  unanswered = $state.raw<Refused | null>(null);
  busy = $state(false);
  vaultOpen = $state(false);
  vaultRefusal = $state.raw<Refused | null>(null);
  /** A screen shows it: what changes is read as it changes. */
  #watched = 0;
  #reading: Promise<void> | null = null;
  #again = false;
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Keeps the view fresh while a screen shows it; returns what ends that. */
  watch(): () => void {
    this.#watched += 1;
    void this.read();
    return () => {
      this.#watched -= 1;
    };
  }

  /** Reads the view. Asked again while one is being read, it reads once more after it: what changed meanwhile is not missed. */
  read(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#readAll().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  hear(update: Update): void {
    // A switch changes what was used last.
    if ((update.type === "accounts" || update.type === "identity") && this.#watched > 0) void this.read();
  }

  async refresh(session: string): Promise<void> {
    await this.#act(() => this.#host.call("accounts.refresh", { session }));
  }

  async signOut(session: string): Promise<void> {
    await this.#act(() => this.#host.call("sso.sign_out", { session }));
  }

  async forget(what: string): Promise<void> {
    await this.#act(() => this.#host.call("secrets.forget", { what }));
  }

  async keep(session: string, kept: KeptIn): Promise<void> {
    await this.#act(() => this.#host.call("prefs.set", { set: "keeping", session, kept }));
  }

  async favour(profile: string, on: boolean): Promise<void> {
    await this.#act(() => this.#host.call("prefs.set", { set: "favourite", profile, on }));
  }

  /** Marks an account. The mark shows at once; what the core says of it comes right after. */
  async mark(account: string, mark: AccountMark): Promise<void> {
    this.view = this.view && withMark(this.view, account, mark);
    await this.#act(() => this.#host.call("prefs.set", { set: "account", account, mark }));
  }

  async choose(store: "keychain" | "file", passphrase: string | null): Promise<void> {
    this.busy = true;
    this.vaultRefusal = null;
    try {
      await this.#host.call("vault.choose", { store, passphrase });
      this.vaultOpen = false;
      await this.read();
    } catch (thrown) {
      this.vaultRefusal = refused(thrown);
    } finally {
      this.busy = false;
    }
  }

  async ask(profile: string): Promise<void> {
    this.asked = profile;
    this.answers = null;
    this.unanswered = null;
    try {
      const answers = await this.#host.call("profiles.answers", { profile });
      if (this.asked === profile) this.answers = answers;
    } catch (thrown) {
      if (this.asked === profile) this.unanswered = refused(thrown);
    }
  }

  async #readAll(): Promise<void> {
    do {
      this.#again = false;
      try {
        this.view = await this.#host.call("accounts.view", {});
        this.unreadable = null;
      } catch (thrown) {
        this.unreadable = refused(thrown);
      }
    } while (this.#again);
  }

  /** Does something and reads what became of it; a refusal is a notice that stays. */
  async #act(act: () => Promise<unknown>): Promise<void> {
    this.busy = true;
    try {
      await act();
    } catch (thrown) {
      const { message, hints } = refused(thrown);
      toasts.say([message, ...hints].join(". "), "danger");
    } finally {
      this.busy = false;
    }
    await this.read();
  }
}

/** The view as it will be when the mark is kept. */
function withMark(view: AccountsView, id: string, mark: AccountMark): AccountsView {
  const sessions = view.sessions.map((session) => ({
    ...session,
    accounts: session.accounts.map((account) => (account.id === id ? { ...account, alias: mark.alias, colour: mark.colour, favourite: mark.favourite } : account)),
  }));
  return { ...view, sessions };
}
