// Parts of the kit as a person meets them.
import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { createRawSnippet } from "svelte";
import { afterEach, expect, test, vi } from "vitest";
import CopyButton from "../src/kit/CopyButton.svelte";
import Dialog from "../src/kit/Dialog.svelte";
import Exact from "../src/kit/Exact.svelte";
import LogView from "../src/kit/LogView.svelte";
import Palette from "../src/kit/Palette.svelte";
import ProgressTrack from "../src/kit/ProgressTrack.svelte";
import Prose from "../src/kit/Prose.svelte";
import { toasts } from "../src/kit/toasts.svelte.ts";

afterEach(() => vi.unstubAllGlobals());

const clipboard = (writeText: (text: string) => Promise<void>) => vi.stubGlobal("navigator", { ...navigator, userAgent: "test", clipboard: { writeText } });

test("an id is shortened on the screen and whole in its title and on the clipboard", async () => {
  const copied = vi.fn(() => Promise.resolve());
  clipboard(copied);
  const arn = "arn:aws:ecs:eu-central-1:111122223333:service/broker/broker-api";
  render(Exact, { props: { text: arn, what: "ARN" } });
  expect(screen.getByTitle(arn).textContent).toBe("…service/broker/broker-api");
  await fireEvent.click(screen.getByRole("button", { name: "Copy ARN" }));
  expect(copied).toHaveBeenCalledWith(arn);
  await screen.findByRole("button", { name: "Copied ARN" });
});

test("a clipboard that refuses is said, with another way", async () => {
  clipboard(() => Promise.reject(new Error("denied")));
  render(CopyButton, { props: { text: "x", what: "digest" } });
  await fireEvent.click(screen.getByRole("button", { name: "Copy digest" }));
  await waitFor(() => expect(toasts.list.at(-1)).toMatchObject({ tone: "danger", text: expect.stringContaining("by hand") }));
});

test("a link in a plan copies its address and leads nowhere", async () => {
  const copied = vi.fn(() => Promise.resolve());
  clipboard(copied);
  render(Prose, { props: { html: '<p><a href="https://example.com/why">why</a></p>' } });
  await fireEvent.click(screen.getByRole("button", { name: "why" }));
  expect(copied).toHaveBeenCalledWith("https://example.com/why");
});

test("a dialog closes by Escape and puts the focus on what is asked", async () => {
  const onclose = vi.fn();
  const children = createRawSnippet(() => ({ render: () => '<p><input aria-label="Reason" /></p>' }));
  render(Dialog, { props: { title: "Why", onclose, children } });
  expect(document.activeElement).toBe(screen.getByLabelText("Reason"));
  screen.getByRole("dialog", { name: "Why" }).dispatchEvent(new Event("cancel", { cancelable: true }));
  expect(onclose).toHaveBeenCalledOnce();
});

test("a dialog that only has something to read scrolls by key", () => {
  const children = createRawSnippet(() => ({ render: () => "<p>Long.</p>" }));
  render(Dialog, { props: { title: "Read", onclose: () => undefined, children } });
  expect(screen.getByText("Long.").parentElement?.tabIndex).toBe(0);
});

test("the palette moves by arrows, tells readers where it is, and runs the choice after closing", async () => {
  const order: string[] = [];
  const entry = (id: string) => ({ id, title: id, group: "g", run: () => order.push(id) });
  render(Palette, { props: { entries: [entry("one"), entry("two"), entry("three")], label: "Find", hint: "", onclose: () => order.push("closed") } });
  const field = screen.getByRole("combobox", { name: "Find" });
  await fireEvent.keyDown(field, { key: "ArrowUp" });
  expect(screen.getByRole("option", { selected: true }).textContent).toContain("three");
  expect(field.getAttribute("aria-activedescendant")).toBe(screen.getByRole("option", { selected: true }).id);
  await fireEvent.keyDown(field, { key: "Enter" });
  expect(order).toEqual(["closed", "three"]);
});

test("a palette in which nothing fits says so", async () => {
  render(Palette, { props: { entries: [], label: "Find", hint: "", onclose: () => undefined } });
  await fireEvent.input(screen.getByRole("combobox"), { target: { value: "zzz" } });
  await screen.findByText(/Nothing fits/);
});

test("a palette of ten thousand keeps few in the page, and the one that is chosen always among them", async () => {
  const entries = Array.from({ length: 10_000 }, (_, at) => ({ id: `${at}`, title: `profile-${at}`, group: "g", run: () => undefined }));
  render(Palette, { props: { entries, label: "Switch", hint: "", onclose: () => undefined } });
  expect(screen.getAllByRole("option").length).toBeLessThan(40);
  const field = screen.getByRole("combobox");
  await fireEvent.keyDown(field, { key: "ArrowUp" });
  const last = screen.getByRole("option", { selected: true });
  expect(last.textContent).toContain("profile-9999");
  expect(last.getAttribute("aria-posinset")).toBe("10000");
  await fireEvent.input(field, { target: { value: "profile-7777" } });
  expect(screen.getByRole("option", { selected: true }).textContent).toContain("profile-7777");
  expect(screen.getByRole("status").textContent).toBe("1 entry");
});

test("progress is told in numbers", () => {
  render(ProgressTrack, { props: { label: "3 of 4 steps done", parts: [{ tone: "ok", share: 0.75 }, { tone: "running", share: 0.25 }] } });
  expect(screen.getByRole("progressbar", { name: "3 of 4 steps done" }).getAttribute("aria-valuenow")).toBe("75");
});

test("a log says how often it finds something, and an empty one what it is", async () => {
  const lines = ["GET / 200", "GET / 500", "GET / 200"].map((text, index) => ({ number: index + 1, at: null, text, mark: null }));
  const { rerender } = render(LogView, { props: { lines, source: "/ecs/broker-api", live: false } });
  const search = screen.getByRole("searchbox");
  await fireEvent.input(search, { target: { value: "200" } });
  await fireEvent.keyDown(search, { key: "Enter" });
  await screen.findByText("1 of 2");
  await fireEvent.input(search, { target: { value: "404" } });
  await screen.findByText("not found");
  await rerender({ lines: [], source: "/ecs/broker-api", live: false });
  await screen.findByText("It wrote nothing");
});
