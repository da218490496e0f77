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
  const { cleanup, configure } = await import("@testing-library/svelte");
  // How long to wait is for a busy machine to say, not for the test: what comes at all comes at once here.
  configure({ asyncUtilTimeout: 15_000 });
  afterEach(() => cleanup());
}
