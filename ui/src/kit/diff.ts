// A unified diff as lines to show: what the headers say stands elsewhere, where a part begins is said in words.
import type { DiffLine } from "./DiffLines.svelte";

/** Reads a unified diff. Lines that are none of a diff's are shown as they are. */
export function diffLines(diff: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let inside = false;
  for (const line of diff.replace(/\n$/, "").split("\n")) {
    const part = /^@@ -\d+(?:,\d+)? \+(\d+)/.exec(line);
    if (part) {
      inside = true;
      lines.push({ sign: " ", text: `… line ${part[1] ?? ""}` });
    } else if (inside && (line.startsWith("+") || line.startsWith("-") || line.startsWith(" "))) {
      lines.push({ sign: line.charAt(0) as DiffLine["sign"], text: line.slice(1) });
    } else if (inside && line.startsWith("\\")) {
      lines.push({ sign: " ", text: "(no line end at the end of the file)" });
    } else if (!/^(---|\+\+\+) /.test(line) && line !== "") {
      lines.push({ sign: " ", text: line });
    }
  }
  return lines;
}

/** How many lines come and go. */
export function diffCounts(lines: readonly DiffLine[]): { added: number; removed: number } {
  const of = (sign: DiffLine["sign"]) => lines.filter((line) => line.sign === sign).length;
  return { added: of("+"), removed: of("-") };
}
