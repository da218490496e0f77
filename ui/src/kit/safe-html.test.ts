import { expect, test } from "vitest";
import { safeNodes } from "./safe-html.ts";

function shown(html: string): string {
  const box = document.createElement("div");
  box.append(safeNodes(html));
  return box.innerHTML;
}

test.each([
  ["plain prose", "<p>a <strong>b</strong></p>", "<p>a <strong>b</strong></p>"],
  ["a script", "<p>a</p><script>alert(1)</script>", "<p>a</p>"],
  ["a handler", '<p onclick="alert(1)" style="position:fixed">a</p>', "<p>a</p>"],
  ["an image", '<img src=x onerror="alert(1)">', ""],
  ["a drawing", '<svg onload="alert(1)"><a xlink:href="javascript:alert(1)">x</a></svg>', ""],
  ["a frame", '<iframe srcdoc="<script>alert(1)</script>"></iframe>', ""],
  ["a form", '<form action="https://example.com"><p>kept</p></form>', "<p>kept</p>"],
  ["an id that could shadow a name", '<p id="body" name="x">a</p>', "<p>a</p>"],
  ["a script link", '<a href="javascript:alert(1)">x</a>', "<span>x</span>"],
  ["a data link", '<a data-href="data:text/html,x">x</a>', "<span>x</span>"],
  ["a mutation", '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>', "<p></p>"],
  ["a class of the console", '<p class="unseen comment">a</p>', '<p class="comment">a</p>'],
  ["a text field", '<input type="text" autofocus onfocus="alert(1)">', ""],
])("%s", (_name, html, safe) => expect(shown(html)).toBe(safe));

test.each(['<a href="https://example.com/a">x</a>', '<span class="link" data-href="https://example.com/a">x</span>'])("%s becomes a button that carries its address", (html) => {
  const box = document.createElement("div");
  box.append(safeNodes(html));
  expect(box.querySelector("a")).toBeNull();
  expect(box.querySelector("button")?.dataset["href"]).toBe("https://example.com/a");
});

test("the author's tick is shown and cannot be changed", () => {
  const box = document.createElement("div");
  box.append(safeNodes('<ul><li><input type="checkbox" checked> done</li></ul>'));
  const tick = box.querySelector("input");
  expect([tick?.checked, tick?.disabled]).toEqual([true, true]);
});
