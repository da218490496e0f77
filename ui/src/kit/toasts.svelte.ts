// Short notices that something happened. What must be acted on is never only here.
import type { Tone } from "./tone.ts";

/** What can be done about a notice, in a word or two. */
export type ToastAct = { word: string; run: () => void };
export type Toast = { id: number; tone: Tone; text: string; act: ToastAct | undefined };

const STAYS_MS = 6000;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  /** Shows a notice. One that tells of a failure, or that something can be done about, stays until it is closed. */
  say(text: string, tone: Tone = "plain", act?: ToastAct): void {
    const id = this.#next++;
    this.list.push({ id, tone, text, act });
    if (tone !== "danger" && act === undefined) setTimeout(() => this.close(id), STAYS_MS);
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
