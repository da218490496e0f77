import { expect, test } from "vitest";
import type { Ask } from "../../host/host.ts";
import { answerOf, missing, type Given } from "./answer.ts";

const nothing: Ask = { instructions_html: "", link: null, copy: [], fields: [], options: [], phrase: null, evidence: null, items: false };
const blank: Given = { fields: {}, option: null, reason: "", phrase: "", evidence: "" };
const field = { name: "url", prompt: "URL", secret: false, pattern: "https://.+", optional: false };
const option = { id: "b", title: "B", risk: null, details: null, recommended: true };

test.each<[string, Partial<Ask>, Partial<Given>, string | null]>([
  ["nothing asked", {}, {}, null],
  ["a field left empty", { fields: [field] }, {}, "fill in: URL"],
  ["a field of the wrong form", { fields: [field] }, { fields: { url: "ftp://a" } }, "check: URL"],
  ["only part of a field fits", { fields: [field] }, { fields: { url: "see https://a" } }, "check: URL"],
  ["a field filled", { fields: [field] }, { fields: { url: "https://a" } }, null],
  ["an optional field left empty", { fields: [{ ...field, optional: true }] }, {}, null],
  ["a pattern no browser reads", { fields: [{ ...field, pattern: "(?x) a" }] }, { fields: { url: "a" } }, null],
  ["no option chosen", { options: [option] }, { reason: "r" }, "choose one"],
  ["no reason given", { options: [option] }, { option: "b", reason: " " }, "say why"],
  ["a decision", { options: [option] }, { option: "b", reason: "cheaper" }, null],
  ["a phrase typed nearly", { phrase: "drop table" }, { phrase: "Drop table" }, "type the phrase exactly"],
  ["no evidence", { evidence: "screenshot" }, {}, "say what was seen"],
])("%s", (_name, ask, given, lacks) => expect(missing({ ...nothing, ...ask }, { ...blank, ...given })).toBe(lacks));

test("an answer holds what was given and nothing else", () => {
  const ask = { ...nothing, fields: [field, { ...field, name: "note", optional: true }] };
  expect(answerOf(ask, { ...blank, fields: { url: "https://a", note: "" }, phrase: "stray" })).toEqual({ fields: { url: "https://a" }, option: null, reason: null, phrase: null, evidence: null });
});
