import { expect, test } from "vitest";
import { fitting } from "./fuzzy.ts";

const names = ["broker-production", "broker-staging", "agents-production", "sandbox"];

test.each([
  ["", names],
  ["bp", ["broker-production"]],
  ["sand", ["sandbox"]],
  ["PROD", ["broker-production", "agents-production"]],
  ["b s", ["broker-staging"]],
  ["zz", []],
])("%j finds %j", (needle, found) => expect(fitting(needle, names, (name) => name).sort()).toEqual([...found].sort()));

test("what begins a word comes before what only lies in it", () => {
  expect(fitting("st", ["fastest", "staging"], (name) => name)[0]).toBe("staging");
});
