import { expect, test } from "vitest";
import type { AccountView, Profile } from "../../host/host.ts";
import { fewOf, fittingProfiles, rowsOf, wordsOf } from "./tree.ts";

const account = (id: string, name: string, roles: Record<string, string[]>, over: Partial<AccountView> = {}): AccountView => ({
  id, name, alias: null, email: null, roles: Object.entries(roles).map(([role, profiles]) => ({ name: role, profiles })), roles_known: true, favourite: false, colour: null, weight: "unknown", weight_guessed: true, last_used: null, ...over,
});
const accounts = [
  account("111122223333", "broker-production", { Deployer: ["broker-prod"], ReadOnly: [] }),
  account("222233334444", "broker-staging", { Deployer: ["broker-stg"], Admin: [] }),
  account("444455556666", "play", { Admin: [] }, { alias: "sandbox", favourite: true }),
];
const shown = (query: string, opened: string[] = []) => rowsOf(accounts, new Set(opened), query).map((row) => row.key);

test("favourites come first, and what is closed shows no roles", () => {
  expect(shown("")).toEqual(["444455556666", "111122223333", "222233334444"]);
});

test("an account that is opened shows its roles", () => {
  expect(shown("", ["111122223333"])).toEqual(["444455556666", "111122223333", "111122223333/Deployer", "111122223333/ReadOnly", "222233334444"]);
});

test.each([
  ["an account by its name", "broker-prod", ["111122223333"]],
  ["an account by its alias", "sandb", ["444455556666"]],
  ["an account by its id", "2222333", ["111122223333", "222233334444"]],
  ["an id typed in groups", "2222-3333", ["111122223333", "222233334444"]],
  ["an id typed in groups, half of one", "2222-3333-4", ["222233334444"]],
  ["a role, opened, with only that role", "admin", ["444455556666", "444455556666/Admin", "222233334444", "222233334444/Admin"]],
  ["a profile, opened", "stg", ["222233334444", "222233334444/Deployer"]],
  ["several words in any order", "deployer staging", ["222233334444", "222233334444/Deployer"]],
  ["nothing", "nowhere", []],
])("%s is found", (_what, query, found) => expect(shown(query).sort()).toEqual([...found].sort()));

test("an account that fits as a whole keeps all of its roles", () => {
  const [row] = rowsOf(accounts, new Set(), "broker-production");
  expect(row).toMatchObject({ kind: "account", open: false, at: 1, of: 1 });
  expect(shown("broker-production", ["111122223333"])).toEqual(["111122223333", "111122223333/Deployer", "111122223333/ReadOnly"]);
});

test("an open account without roles has a row that says so", () => {
  expect(rowsOf([account("1", "empty", {})], new Set(["1"]), "").map((row) => row.kind)).toEqual(["account", "none"]);
});

test("a name with hyphens is not taken for an id", () => expect(wordsOf("1234-abc")).toEqual(["1234-abc"]));

test("profiles are found by account, alias, role, region and kind", () => {
  const ci: Profile = { name: "ci", kind: "process", account: "111122223333", role: "Builder", region: "eu-west-1", session: null, alias: "broker", colour: null, weight: "unknown", weight_guessed: true, favourite: false, last_used: null, problems: [] };
  for (const query of ["ci", "process", "1111-2222", "builder", "eu-west", "broker process", ""]) expect(fittingProfiles([ci], query)).toEqual([ci]);
  expect(fittingProfiles([ci], "admin")).toEqual([]);
});

test("of a long list the first few are shown and the rest is counted", () => {
  expect(fewOf(["a", "b", "c"], 2)).toEqual({ shown: ["a", "b"], more: 1 });
  expect(fewOf([], 2)).toEqual({ shown: [], more: 0 });
});
