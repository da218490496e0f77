import { expect, test, vi } from "vitest";
import { Actions, ariaKeys, isSingleKey, keyCaps, type Action } from "./actions.svelte.ts";

function action(over: Partial<Action>): Action {
  return { id: "a", title: "A", group: "G", run: () => undefined, ...over };
}

function press(actions: Actions, key: string, on: EventTarget = document.body, init: KeyboardEventInit = {}) {
  const handler = actions.keyHandler() as EventListener;
  window.addEventListener("keydown", handler);
  on.dispatchEvent(new KeyboardEvent("keydown", { key, code: `Key${key.toUpperCase()}`, bubbles: true, cancelable: true, ...init }));
  window.removeEventListener("keydown", handler);
}

test("what cannot be taken back is never on a single key", () => {
  const actions = new Actions();
  expect(() => actions.add([action({ keys: "x", destructive: true })])).toThrow("more than the single key");
  expect(() => actions.add([action({ keys: "[Shift]+x", destructive: true })])).toThrow("single key");
  expect(() => actions.add([action({ keys: "$mod+Shift+x", destructive: true })])).not.toThrow();
});

test.each([["x", true], ["Shift+x", true], ["?", true], ["$mod+x", false], ["Alt+x", false], ["g h", false]])("%s is a single key: %s", (keys, single) => expect(isSingleKey(keys)).toBe(single));

test("a key runs the newest action that can be done", () => {
  const [older, newer] = [vi.fn(), vi.fn()];
  let possible = true;
  const actions = new Actions();
  actions.add([action({ id: "older", keys: "r", run: older })]);
  const remove = actions.add([action({ id: "newer", keys: "r", run: newer, when: () => possible })]);
  press(actions, "r");
  possible = false;
  press(actions, "r");
  possible = true;
  remove();
  press(actions, "r");
  expect([older.mock.calls.length, newer.mock.calls.length]).toEqual([2, 1]);
});

test("typing is not a command, a chord is", () => {
  const run = vi.fn();
  const actions = new Actions();
  actions.add([action({ keys: "r", run }), action({ id: "b", keys: "Control+k", run })]);
  const input = document.body.appendChild(document.createElement("input"));
  press(actions, "r", input);
  expect(run).not.toHaveBeenCalled();
  press(actions, "k", input, { ctrlKey: true });
  expect(run).toHaveBeenCalledOnce();
  input.remove();
});

test("behind an open dialog nothing hears keys", () => {
  const run = vi.fn();
  const actions = new Actions();
  actions.add([action({ keys: "r", run })]);
  const dialog = document.body.appendChild(document.createElement("dialog"));
  dialog.open = true;
  press(actions, "r");
  dialog.remove();
  expect(run).not.toHaveBeenCalled();
});

test("what cannot be done is not run by its id either", () => {
  const run = vi.fn();
  const actions = new Actions();
  actions.add([action({ when: () => false, run })]);
  actions.run("a");
  actions.run("unheard of");
  expect(run).not.toHaveBeenCalled();
});

test("keys are shown as caps and told to readers", () => {
  expect(keyCaps("$mod+Shift+z", false)).toEqual(["Ctrl", "⇧", "Z"]);
  expect(keyCaps("[Shift]+?", false)).toEqual(["?"]);
  expect(ariaKeys("$mod+k", false)).toBe("Control+k");
  expect(ariaKeys("g h", false)).toBeUndefined();
});
