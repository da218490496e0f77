import { expect, test } from "vitest";
import { accountWords, byteWords, clockFace, count, durationWords, estimateWords, isoLocal, leftWords, preciseTime, roughWords, sentence, shortened, shortTime } from "./words.ts";

test.each([
  [0, "0 s"], [59.4, "59 s"], [60, "1 m 00 s"], [222, "3 m 42 s"], [3900, "1 h 05 m"], [187_200, "2 d 4 h"], [-5, "0 s"],
])("%d s is %s", (seconds, words) => expect(durationWords(seconds)).toBe(words));

test.each([[9, "9 s"], [599.9, "9 m 59 s"], [600, "10 m"], [2471, "41 m"], [22_329, "6 h 12 m"], [39_600, "11 h"], [90_000, "1 d 1 h"], [-3, "0 s"]])("%d s left are %s", (seconds, words) => expect(leftWords(seconds)).toBe(words));

test.each([[30, "30 s"], [90, "2 m"], [5400, "1.5 h"], [7200, "2 h"], [172_800, "2 d"]])("%d s is roughly %s", (seconds, words) => expect(roughWords(seconds)).toBe(words));

test.each([
  [{ from: 240, to: 360 }, "4–6 m"], [{ from: 240, to: 240 }, "4 m"], [{ from: 30, to: 120 }, "30 s to 2 m"],
])("an estimate of %o is %s", (estimate, words) => expect(estimateWords(estimate)).toBe(words));

test.each([[7, "0:07"], [67.9, "1:07"], [3760, "1:02:40"]])("%d s on a clock face is %s", (seconds, face) => expect(clockFace(seconds)).toBe(face));

test("a time is ISO with zone, and short while it stays unmistakable", () => {
  const at = new Date(2026, 10, 20, 14, 2, 11);
  expect(isoLocal(at.toISOString())).toMatch(/^2026-11-20 14:02:11 [+-]\d\d:\d\d$/);
  expect(shortTime(at.toISOString(), at.getTime())).toBe("14:02");
  expect(shortTime(at.toISOString(), at.getTime() + 172_800_000)).toBe("2026-11-20 14:02");
  expect(preciseTime(new Date(2026, 10, 20, 14, 2, 11, 7).toISOString())).toBe("14:02:11.007");
  expect(isoLocal("not a time")).toBe("not a time");
});

test.each([
  ["short", "short"],
  ["arn:aws:ecs:eu-central-1:111122223333:service/broker/broker-api", "…service/broker/broker-api"],
  ["/plans/a/very/long/folder/of/plans/ecs.plan.md", "…folder/of/plans/ecs.plan.md"],
  ["sha256:9be1c0ffee00d1ce9be1c0ffee00d1ce", "sha256:9be1c0ffee0…fee00d1ce"],
])("%s is shortened to %s", (text, short) => expect(shortened(text)).toBe(short));

test.each([["done: every step", "Done: every step."], ["The end.", "The end."], ["why?", "Why?"]])("%s as a sentence is %s", (text, whole) => expect(sentence(text)).toBe(whole));

test("accounts are grouped, counts have their noun", () => {
  expect(accountWords("111122223333")).toBe("1111-2222-3333");
  expect(accountWords("broker")).toBe("broker");
  expect([count(1, "step"), count(3, "step")]).toEqual(["1 step", "3 steps"]);
});

test.each([[0, "0 B"], [1023, "1023 B"], [1024, "1.0 KiB"], [3_565_158, "3.4 MiB"], [1_073_741_824, "1.0 GiB"], [214_748_364_800, "200 GiB"]])("%d bytes are %s", (bytes, words) => {
  expect(byteWords(bytes)).toBe(words);
});
