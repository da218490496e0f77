import { expect, test } from "vitest";
import type { AnswerView } from "../../host/host.ts";
import { told } from "./answers.ts";

const answer = (client: string, explicit: boolean, over: Partial<AnswerView> = {}): AnswerView => ({ client, explicit, source: "SSO session `corp`", account: "111122223333", region: "eu-central-1", why: "the profile names it", differs: false, ...over });

test("a tool that does the same either way is said once", () => {
  expect(told([answer("AWS CLI", false), answer("boto3", false), answer("AWS CLI", true), answer("boto3", true)]).map(({ client, ways }) => [client, ways])).toEqual([["AWS CLI", "either"], ["boto3", "either"]]);
});

test("a tool that does something else by name keeps both, and what differs comes first", () => {
  const rows = told([answer("AWS CLI", true), answer("AWS CLI", false, { source: "keys in the environment", differs: true })]);
  expect(rows.map(({ ways, differs }) => [ways, differs])).toEqual([["environment", true], ["name", false]]);
});
