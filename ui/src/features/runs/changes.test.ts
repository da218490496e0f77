import { describe, expect, it } from "vitest";
import type { ResourceChange } from "../../host/host.ts";
import { actionShown, startsOpen } from "./changes.ts";

const change = (action: string): ResourceChange => ({ address: "aws_ecs_service.worker", action, reason: null, values: [] });

describe("changes of resources", () => {
  it.each([["create", "+"], ["update", "~"], ["replace", "±"], ["delete", "−"]])("shows %s by Terraform's sign", (action, sign) => {
    expect(actionShown(action).sign).toBe(sign);
  });

  it("keeps the word of an action that it does not know", () => {
    expect(actionShown("teleport")).toMatchObject({ word: "teleport", tone: "plain" });
  });

  it("opens what takes something away, however much there is", () => {
    expect([change("delete"), change("replace")].every((one) => startsOpen(one, 500))).toBe(true);
    expect(startsOpen(change("create"), 1)).toBe(false);
    expect([startsOpen(change("update"), 3), startsOpen(change("update"), 300)]).toEqual([true, false]);
  });
});
