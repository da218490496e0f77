// One clock for every running duration on the screen, so that they step together and only one timer wakes the page.

class Clock {
  /** Milliseconds since the epoch, renewed every second while a page shows. */
  now = $state(Date.now());

  /** Starts ticking; returns what stops it. */
  start(): () => void {
    const tick = () => {
      if (!document.hidden) this.now = Date.now();
    };
    const timer = setInterval(tick, 1000);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }
}

export const clock = new Clock();
