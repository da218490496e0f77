import { expect, test } from "vitest";
import { factWords, isSilent, money } from "./overview.ts";

test.each([
  [15, 15, "$", "$15"],
  [15, 20.5, "$", "$15–20.5"],
  [1200, 1200, "EUR", "1,200 EUR"],
  [0, 0, "", "0"],
])("%s to %s in %s is %s", (low, high, currency, words) => {
  expect(money({ low, high, currency })).toBe(words);
});

test("a fact that is newer than the page is shown as it is called", () => {
  expect([factWords("rollback_time"), factWords("colour")]).toEqual(["To roll back", "colour"]);
});

test("nothing said is told from something said", () => {
  const silent = { facts: [], services: [], readiness: [], costs: [], next_steps: [], more: 0 };
  expect(isSilent(silent)).toBe(true);
  expect(isSilent({ ...silent, next_steps: [{ text: "Delete the old service", mark: null, line: 4 }] })).toBe(false);
});
