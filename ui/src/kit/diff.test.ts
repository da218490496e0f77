import { expect, test } from "vitest";
import { diffCounts, diffLines } from "./diff.ts";

const diff = "--- a/config\n+++ b/config\n@@ -3,3 +3,4 @@\n [profile a]\n-region = us-east-1\n+region = eu-central-1\n+output = json\n\\ No newline at end of file\n";

test("a unified diff is read without its headers, and where a part begins is said", () => {
  expect(diffLines(diff)).toEqual([
    { sign: " ", text: "… line 3" }, { sign: " ", text: "[profile a]" }, { sign: "-", text: "region = us-east-1" },
    { sign: "+", text: "region = eu-central-1" }, { sign: "+", text: "output = json" }, { sign: " ", text: "(no line end at the end of the file)" },
  ]);
  expect(diffCounts(diffLines(diff))).toEqual({ added: 2, removed: 1 });
});

test("a removed line that looks like a header is a removed line", () => {
  expect(diffLines("--- a\n+++ b\n@@ -1 +1 @@\n--- not a header\n")).toEqual([{ sign: " ", text: "… line 1" }, { sign: "-", text: "-- not a header" }]);
});

test("nothing is nothing", () => expect(diffLines("")).toEqual([]));
