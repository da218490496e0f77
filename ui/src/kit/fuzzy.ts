// Finding by letters in order, as people abbreviate: "bp" finds "broker-production".

/** How well `needle` fits `text`: higher is better, null is not at all. An empty needle fits everything alike. */
export function fit(needle: string, text: string): number | null {
  const wanted = needle.toLowerCase().replaceAll(/\s+/g, "");
  const within = text.toLowerCase();
  const whole = within.indexOf(needle.trim().toLowerCase());
  if (whole >= 0) return 1000 - whole;
  let score = 0;
  let at = -1;
  for (const letter of wanted) {
    const next = within.indexOf(letter, at + 1);
    if (next < 0) return null;
    const startsWord = next === 0 || /[\s\-_./:]/.test(within.charAt(next - 1));
    score += next === at + 1 ? 8 : startsWord ? 6 : 1;
    at = next;
  }
  return score;
}

/** The items that fit, best first; in their own order where they fit alike. */
export function fitting<T>(needle: string, items: readonly T[], textOf: (item: T) => string): T[] {
  if (needle.trim() === "") return [...items];
  return items
    .map((item) => ({ item, score: fit(needle, textOf(item)) }))
    .filter((found): found is { item: T; score: number } => found.score !== null)
    .sort((a, b) => b.score - a.score)
    .map(({ item }) => item);
}
