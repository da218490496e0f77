import { expect, test } from "vitest";
import { answerOf, missing, type Given, type Question } from "./answer.ts";

const blank: Given = { fields: {}, option: null, reason: "", phrase: "", evidence: "", who: null };
const field = { name: "url", prompt: "URL", secret: false, pattern: "https://.+", optional: false };
const option = { id: "b", title: "B", risk: null, details: null, recommended: true };
const byHand = (over: Partial<Extract<Question, { type: "fields" }>>): Question => ({ type: "fields", instructions_html: "", link: null, copy: [], fields: [], evidence: null, confirm: null, ...over });
const decision: Question = { type: "decision", question: "Which?", options: [option] };

test.each<[string, Question, Partial<Given>, string | null]>([
  ["nothing asked", byHand({}), {}, null],
  ["a field left empty", byHand({ fields: [field] }), {}, "fill in: URL"],
  ["a field of the wrong form", byHand({ fields: [field] }), { fields: { url: "ftp://a" } }, "check: URL"],
  ["only part of a field fits", byHand({ fields: [field] }), { fields: { url: "see https://a" } }, "check: URL"],
  ["a field filled", byHand({ fields: [field] }), { fields: { url: "https://a" } }, null],
  ["an optional field left empty", byHand({ fields: [{ ...field, optional: true }] }), {}, null],
  ["a pattern no browser reads", byHand({ fields: [{ ...field, pattern: "(?x) a" }] }), { fields: { url: "a" } }, null],
  ["no evidence", byHand({ evidence: "screenshot" }), {}, "say what was seen"],
  ["by hand, not confirmed", byHand({ confirm: "it is done" }), {}, "type the phrase exactly"],
  ["no option chosen", decision, { reason: "r" }, "choose one"],
  ["no reason given", decision, { option: "b", reason: " " }, "say why"],
  ["a decision", decision, { option: "b", reason: "cheaper" }, null],
  ["a phrase typed nearly", { type: "phrase", about: "", phrase: "drop table" }, { phrase: "Drop table" }, "type the phrase exactly"],
  ["a phrase typed", { type: "phrase", about: "", phrase: "drop table" }, { phrase: "drop table" }, null],
])("%s", (_name, ask, given, lacks) => expect(missing(ask, { ...blank, ...given })).toBe(lacks));

test("an answer holds what was asked and nothing else", () => {
  const given = { ...blank, fields: { url: "https://a", note: "" }, phrase: "stray", evidence: " seen " };
  expect(answerOf(byHand({ fields: [field] }), given)).toEqual({ fields: { url: "https://a" }, option: null, reason: null, phrase: null, evidence: "seen" });
  expect(answerOf(decision, { ...given, option: "b", reason: "r" })).toEqual({ fields: {}, option: "b", reason: "r", phrase: null, evidence: null });
});

test("what AWS waits for is signed by whoever was picked", () => {
  const asked: Question = { type: "decision", question: "Go on?", options: [option], if_unanswered: "AWS rolls back" };
  const given = { ...blank, option: "b", reason: "seen", who: "second" };
  expect(answerOf(asked, given)).toMatchObject({ option: "b", who: "second" });
  expect(answerOf(asked, { ...given, who: null })).not.toHaveProperty("who");
  expect(answerOf(decision, given)).not.toHaveProperty("who");
});
