// Short notices that something happened. What must be acted on is never only here.
import type { Tone } from "./tone.ts";

export type Toast = { id: number; tone: Tone; text: string };

const STAYS_MS = 6000;

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  /** Shows a notice. One that tells of a failure stays until it is closed. */
  say(text: string, tone: Tone = "plain"): void {
    const id = this.#next++;
    this.list.push({ id, tone, text });
    if (tone !== "danger") setTimeout(() => this.close(id), STAYS_MS);
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
