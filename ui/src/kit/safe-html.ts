// Markup made of a plan's text is rebuilt from a list of what may be shown. The core escapes already;
// a plan is a stranger's text, so the page does not rely on that alone.

const SHOWN = new Set([
  "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "b", "i", "del", "s", "sup", "sub",
  "table", "thead", "tbody", "tr", "th", "td", "hr", "br", "span", "div", "a", "input", "kbd", "dl", "dt", "dd",
]);
const DROPPED_WHOLE = new Set(["script", "style", "template", "iframe", "object", "embed", "noscript", "svg", "math", "title", "textarea", "select"]);
/** The core's own classes; any other could dress a stranger's text up as a part of the console. */
const CLASSES = /^(box|claimed|comment|code|raw|footnote|right|center|image|language-[\w+-]{1,40})$/;

/** The markup as nodes: only listed elements, no attribute but classes, boxes and where a link would lead. */
export function safeNodes(html: string): DocumentFragment {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const fragment = document.createDocumentFragment();
  copyChildren(parsed.body, fragment);
  return fragment;
}

function copyChildren(from: Node, to: Node): void {
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) to.appendChild(document.createTextNode(child.textContent ?? ""));
    else if (child instanceof Element) copyElement(child, to);
  }
}

function copyElement(from: Element, to: Node): void {
  const name = from.localName;
  if (DROPPED_WHOLE.has(name)) return;
  // An element that is not shown still has text that its author wrote.
  if (!SHOWN.has(name)) return copyChildren(from, to);
  const copy = name === "a" || from.hasAttribute("data-href") ? linkOf(from) : name === "input" ? boxOf(from) : document.createElement(name);
  if (!copy) return;
  for (const one of from.classList) if (CLASSES.test(one)) copy.classList.add(one);
  // What scrolls must be reachable without a pointer.
  if (name === "pre") copy.tabIndex = 0;
  if (name === "ol" && /^\d{1,9}$/.test(from.getAttribute("start") ?? "")) copy.setAttribute("start", from.getAttribute("start") ?? "1");
  copyChildren(from, copy);
  to.appendChild(copy);
}

/** A link is a button that copies: the window never leaves its page. */
function linkOf(from: Element): HTMLElement {
  const target = from.getAttribute("data-href") ?? from.getAttribute("href") ?? "";
  if (!/^(https?:\/\/|mailto:)/i.test(target)) return document.createElement("span");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.dataset["href"] = target;
  button.title = `Copy ${target}`;
  return button;
}

/** The author's own tick: shown, never counted. */
function boxOf(from: Element): HTMLElement | null {
  if (from.getAttribute("type") !== "checkbox") return null;
  const box = document.createElement("input");
  box.type = "checkbox";
  box.disabled = true;
  box.checked = from.hasAttribute("checked");
  box.setAttribute("aria-label", box.checked ? "ticked by the author" : "not ticked");
  return box;
}
