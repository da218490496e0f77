// Finding by letters in order, as people abbreviate: "bp" finds "broker-production". Built to be asked again at every key over ten thousand items.

/** The best score: what was typed stands at the very beginning. */
const WHOLE = 1000;
/** Several words that all stand somewhere are worth less than one that stands there as typed, more than scattered letters. */
const WORDS = 500;
const LETTER_A = 97;

type Needle = { typed: string; letters: string; words: string[]; mask: number };

/** How well `needle` fits `text`: higher is better, null is not at all. An empty needle fits everything alike. */
export function fit(needle: string, text: string): number | null {
  const wanted = needleOf(needle);
  const score = scored(wanted, text.toLowerCase());
  return score < 0 ? null : score;
}

/** The items that fit, best first; in their own order where they fit alike. */
export function fitting<T>(needle: string, items: readonly T[], textOf: (item: T) => string): T[] {
  return new Finder(items, textOf).find(needle);
}

/**
 * A list that is searched at every key. What can be known of an item before anything is typed is worked out once; while a needle only
 * grows, only what fitted before is looked at again.
 */
export class Finder<T> {
  readonly items: readonly T[];
  readonly #texts: string[];
  readonly #masks: Int32Array;
  readonly #all: Int32Array;
  #lastTyped = "";
  #lastFound: Int32Array;

  constructor(items: readonly T[], textOf: (item: T) => string) {
    this.items = items;
    this.#texts = items.map((item) => textOf(item).toLowerCase());
    this.#masks = Int32Array.from(this.#texts, maskOf);
    this.#all = Int32Array.from(items, (_, index) => index);
    this.#lastFound = this.#all;
  }

  /** The items that fit, best first; in their own order where they fit alike. */
  find(needle: string): T[] {
    if (needle.trim() === "") return [...this.items];
    const wanted = needleOf(needle);
    const grown = this.#lastTyped !== "" && wanted.typed.startsWith(this.#lastTyped) && wanted.words.length === 1;
    const within = grown ? this.#lastFound : this.#all;
    const found = new Int32Array(within.length);
    const scores = new Int32Array(within.length);
    let kept = 0;
    for (const index of within) {
      if ((wanted.mask & ~(this.#masks[index] ?? 0)) !== 0) continue;
      const score = scored(wanted, this.#texts[index] ?? "");
      if (score < 0) continue;
      found[kept] = index;
      scores[kept] = score;
      kept += 1;
    }
    this.#lastTyped = wanted.typed;
    this.#lastFound = found.slice(0, kept);
    return this.#ranked(this.#lastFound, scores.subarray(0, kept));
  }

  /** Scores are small whole numbers: counting them sorts in one pass and keeps the order of equals. */
  #ranked(found: Int32Array, scores: Int32Array): T[] {
    const starts = new Int32Array(WHOLE + 2);
    for (const score of scores) starts[WHOLE - score + 1] = (starts[WHOLE - score + 1] ?? 0) + 1;
    for (let at = 1; at < starts.length; at += 1) starts[at] = (starts[at] ?? 0) + (starts[at - 1] ?? 0);
    const order = new Int32Array(found.length);
    for (let at = 0; at < found.length; at += 1) {
      const slot = WHOLE - (scores[at] ?? 0);
      const place = starts[slot] ?? 0;
      starts[slot] = place + 1;
      order[place] = found[at] ?? 0;
    }
    return Array.from(order, (index) => this.items[index] as T);
  }
}

function needleOf(needle: string): Needle {
  const typed = needle.trim().toLowerCase();
  const letters = typed.replaceAll(/\s+/g, "");
  return { typed, letters, words: typed.split(/\s+/), mask: maskOf(letters) };
}

/** Which letters occur, one bit each, and one for all digits: what lacks one of the needle's cannot fit. */
function maskOf(text: string): number {
  let mask = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charCodeAt(at) - LETTER_A;
    if (letter >= 0 && letter < 26) mask |= 1 << letter;
    else if (letter >= -49 && letter <= -40) mask |= 1 << 26;
  }
  return mask;
}

/** From 0 to WHOLE, or -1. */
function scored({ typed, letters, words }: Needle, within: string): number {
  const whole = within.indexOf(typed);
  if (whole >= 0) return Math.max(WORDS + 1, WHOLE - whole - (whole === 0 || isGap(within.charCodeAt(whole - 1)) ? 0 : 100));
  if (letters.length === 1) return -1;
  // Words of more than one letter may come in any order: "deployer prod" is meant.
  if (words.length > 1 && words.every((word) => word.length > 1 && within.includes(word))) return WORDS;
  let score = 0;
  let at = -1;
  for (let letter = 0; letter < letters.length; letter += 1) {
    const next = within.indexOf(letters.charAt(letter), at + 1);
    if (next < 0) return -1;
    score += next === at + 1 ? 8 : isGap(within.charCodeAt(next - 1)) ? 6 : 1;
    at = next;
  }
  return Math.min(score, WORDS - 1);
}

/** Space, dot, slash, hyphen, underscore, colon: what parts words in names. */
function isGap(code: number): boolean {
  return code === 32 || (code >= 45 && code <= 47) || code === 95 || code === 58;
}
