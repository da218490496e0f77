import { expect, test } from "vitest";
import type { SessionView } from "../../host/host.ts";
import { clockState } from "./clocks.ts";
import { registrationWords, standingOf } from "./standing.ts";
import { colourOf, weightWords } from "./weight.ts";

const NOW = Date.parse("2026-11-20T14:00:00Z");
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();
const session = (over: Partial<SessionView>): SessionView => ({
  key: "corp", name: "corp", start_url: "https://corp.example/start", region: "eu-central-1", standing: "signed_in", said: "", ends_at: at(3000), renews: true, registration_ends_at: null, session_ends_at: null,
  kept: "shared", legacy: false, profiles: 0, accounts: [], loading: null, known_since: null, problem: null, sign_in: null, ...over,
});

test.each([
  ["a token that renews", {}, "signed in, 50 m left, renews itself"],
  ["the end of the sign-in goes before that of the token", { session_ends_at: at(22_320) }, "signed in, 6 h 12 m left, renews itself"],
  ["a token that does not renew", { renews: false, ends_at: at(300) }, "signed in, 5 m 00 s left"],
  ["a token that ended and renews", { ends_at: at(-5) }, "signed in, renews when needed"],
  ["an end that nobody knows", { ends_at: null }, "signed in"],
  ["an expired one", { standing: "expired" as const }, "the sign-in has expired"],
])("%s is said", (_what, over, words) => expect(standingOf(session(over), NOW).words).toBe(words));

test.each([["signed_in", false, true], ["expired", true, true], ["signed_out", true, false], ["torn", true, false], ["locked", false, false]] as const)("%s offers what helps", (standing, offersSignIn, offersSignOut) => {
  expect(standingOf(session({ standing }), NOW)).toMatchObject({ offersSignIn, offersSignOut });
});

test("a registration that ends is told a week before, not earlier", () => {
  expect(registrationWords(session({ registration_ends_at: at(30 * 86_400) }), NOW)).toBeNull();
  expect(registrationWords(session({ registration_ends_at: at(2 * 86_400) }), NOW)).toContain("ends in 2 d");
  expect(registrationWords(session({ registration_ends_at: at(-1) }), NOW)).toContain("has ended");
  expect(registrationWords(session({ registration_ends_at: at(-1), standing: "signed_out" }), NOW)).toBeNull();
});

test.each([
  ["long", 22_320, false, { tone: "plain", words: "6 h 12 m", soon: false }],
  ["a whole hour", 39_600, false, { tone: "plain", words: "11 h" }],
  ["soon, and nobody renews it", 600, false, { tone: "warn", soon: true, words: "10 m" }],
  ["soon, and it renews", 60, true, { tone: "plain", soon: false, words: "1 m 00 s" }],
  ["over", 0, false, { tone: "danger", ended: true, words: "expired" }],
  ["over, and it renews", -1, true, { tone: "plain", ended: true, words: "renews when needed" }],
])("a clock says %s", (_what, left, renews, state) => expect(clockState({ ends_at: at(left), renews }, NOW)).toMatchObject(state));

test("a clock with no time in it does not pretend", () => expect(clockState({ ends_at: "soon", renews: false }, NOW)).toMatchObject({ words: "unknown", ended: false }));

test("a weight that was guessed says so, and a colour that nobody knows is none", () => {
  expect(weightWords({ weight: "production", weight_guessed: true })).toBe("production, by its name");
  expect(weightWords({ weight: "production", weight_guessed: false })).toBe("production");
  expect(weightWords({ weight: "unknown", weight_guessed: true })).toBe("not classified");
  expect(colourOf("teal")).toBe("teal");
  expect(colourOf("red; background: url(x)")).toBeUndefined();
});
