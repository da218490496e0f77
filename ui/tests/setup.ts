// What jsdom lacks of a browser, made just whole enough for the parts that need it. Tests without a page pass by.
import { afterEach } from "vitest";

if (typeof document !== "undefined") {
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.open = true;
  };
  HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
    this.open = false;
  };
  Element.prototype.scrollIntoView ??= () => undefined;
  Element.prototype.scrollTo ??= () => undefined;
  globalThis.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  const { cleanup } = await import("@testing-library/svelte");
  afterEach(() => cleanup());
}
