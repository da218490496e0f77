// Profiles made from the accounts of a session: a template, which accounts, what the file would become, and only then the file.
import { refused, type DraftView, type Host, type Refused } from "../../host/host.ts";

/** One account, all of its roles or one. */
export type Pick = { account: string; role: string | null; title: string };

/** How long to wait after the last key before asking what it would come to. */
const PAUSE_MS = 250;

export class GenerateController {
  readonly session: string;
  readonly sessionName: string;
  /** Empty is every account and role of the session. */
  pick = $state.raw<Pick[]>([]);
  name = $state("{account_name|slug}-{role|slug}");
  region = $state("");
  output = $state("");
  prune = $state(false);
  draft = $state.raw<DraftView | null>(null);
  refusal = $state.raw<Refused | null>(null);
  working = $state(false);
  #asked = 0;
  #soon: ReturnType<typeof setTimeout> | null = null;
  readonly #host: Host;

  constructor(host: Host, session: { key: string; name: string; region: string }, pick: Pick[]) {
    this.#host = host;
    this.session = session.key;
    this.sessionName = session.name;
    this.region = session.region;
    this.pick = pick;
  }

  /** Works out what would change. The last one asked for wins. */
  async preview(): Promise<void> {
    this.#stop();
    const mine = ++this.#asked;
    this.working = true;
    try {
      const draft = await this.#host.call("profiles.generate", {
        session: this.session, pick: this.pick.map(({ account, role }) => ({ account, role })),
        template: { name: this.name, prefix: "", region: this.region.trim(), output: this.output, roles: [], rename: false, prune: this.prune },
      });
      if (mine !== this.#asked) return;
      this.draft = draft;
      this.refusal = null;
    } catch (thrown) {
      if (mine === this.#asked) this.refusal = refused(thrown);
    } finally {
      if (mine === this.#asked) this.working = false;
    }
  }

  /** Something was typed: the preview follows when the typing rests. Until then nothing can be applied that is not what shows. */
  changed(): void {
    this.#stop();
    this.draft = null;
    this.#asked += 1;
    this.#soon = setTimeout(() => void this.preview(), PAUSE_MS);
  }

  async apply(): Promise<void> {
    const draft = this.draft;
    if (!draft?.can_apply || draft.applied) return;
    await this.#work(() => this.#host.call("draft.apply", { id: draft.id }));
  }

  async undo(): Promise<void> {
    const draft = this.draft;
    if (!draft?.can_undo) return;
    await this.#work(() => this.#host.call("draft.undo", { id: draft.id }));
  }

  /** Nothing is asked any more. */
  close(): void {
    this.#stop();
    this.#asked += 1;
  }

  #stop(): void {
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
  }

  async #work(work: () => Promise<DraftView>): Promise<void> {
    this.working = true;
    this.refusal = null;
    try {
      this.draft = await work();
    } catch (thrown) {
      this.refusal = refused(thrown);
    } finally {
      this.working = false;
    }
  }
}
