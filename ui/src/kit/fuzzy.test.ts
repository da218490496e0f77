import { expect, test } from "vitest";
import { Finder, fitting } from "./fuzzy.ts";

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

test("words of more than one letter may come in any order, after what stands as typed", () => {
  expect(fitting("deployer prod", ["prod x deployer", "sandbox deployer", "deployer prod"], (name) => name)).toEqual(["deployer prod", "prod x deployer"]);
});

test("equal fits keep their own order, so that favourites put first stay first", () => {
  expect(fitting("a", ["a2", "a1", "a3"], (name) => name)).toEqual(["a2", "a1", "a3"]);
});

/** Ten thousand profiles as organisations name them. */
const many = Array.from({ length: 10_000 }, (_, at) => `team${at % 97}-${["broker", "agents", "billing"][at % 3]}-${["production", "staging", "sandbox"][at % 7 % 3]} ${100_000_000_000 + at * 7919} ${["Deployer", "ReadOnly"][at % 2]}`);

test.each(["brokerprod", "bkp", "deployer 9", "readonly stag", "100007", "t9b s", "zzz"])("typing %j letter by letter finds what it finds at once", (needle) => {
  const typing = new Finder(many, (name) => name);
  for (let length = 1; length <= needle.length; length += 1) {
    const typed = needle.slice(0, length);
    expect(typing.find(typed)).toEqual(fitting(typed, many, (name) => name));
  }
});

test("taking letters back finds again what they had excluded", () => {
  const finder = new Finder(names, (name) => name);
  expect(finder.find("sandq")).toEqual([]);
  expect(finder.find("sand")).toEqual(["sandbox"]);
});
