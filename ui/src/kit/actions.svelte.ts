// The one registry of what a person can do: buttons, keys, palette and key map all show and run the same actions.
import { createKeybindingsHandler } from "tinykeys";

export type Action = {
  id: string;
  title: string;
  /** Where it stands in the palette and the key map. */
  group: string;
  /** tinykeys form: `$mod+K`, `g h`, `?`. */
  keys?: string;
  /** More words by which the palette finds it. */
  words?: string;
  /** Cannot be taken back: never on a single key. */
  destructive?: boolean;
  /** Goes on while its key is held down, as moving through a list does. */
  repeats?: boolean;
  /** Whether it can be done now. Read anew at every look. */
  when?: () => boolean;
  run: () => void | Promise<void>;
};

export class Actions {
  #sets = $state.raw<Action[][]>([]);

  /** Everything registered, also what cannot be done now: the key map shows it greyed. */
  readonly all: Action[] = $derived(this.#sets.flat());

  /** What can be done now. Not kept: what `when` asks need not be reactive. */
  get possible(): Action[] {
    return this.all.filter((action) => action.when?.() ?? true);
  }

  /** Adds a set of actions, as a screen does while it is open; returns what removes it. */
  add(set: Action[]): () => void {
    for (const action of set) {
      if (action.destructive && action.keys !== undefined && isSingleKey(action.keys)) {
        throw new Error(`${action.id}: what cannot be taken back needs more than the single key ${action.keys}`);
      }
    }
    this.#sets = [...this.#sets, set];
    return () => {
      this.#sets = this.#sets.filter((other) => other !== set);
    };
  }

  find(id: string): Action | undefined {
    return this.all.find((action) => action.id === id);
  }

  /** Runs an action if it can be done now. */
  run(id: string): void {
    const action = this.find(id);
    if (action && (action.when?.() ?? true)) void action.run();
  }

  /** The handler for key presses. A later set wins a key over an earlier one. */
  keyHandler(): (event: KeyboardEvent) => void {
    const map: Record<string, (event: KeyboardEvent) => void> = {};
    for (const { keys } of this.all) if (keys !== undefined) map[keys] = (event) => this.#press(keys, event);
    return createKeybindingsHandler(map, { ignore: isElsewhere });
  }

  #press(keys: string, event: KeyboardEvent): void {
    const action = this.possible.findLast((candidate) => candidate.keys === keys);
    if (!action || (event.repeat && action.repeats !== true)) return;
    event.preventDefault();
    void action.run();
  }
}

/** Whether a binding is one press without a modifier. Shift makes another character, not another gesture. */
export function isSingleKey(keys: string): boolean {
  return !keys.trim().includes(" ") && !/(^|\+)(\$mod|Control|Alt|Meta)\+/.test(keys);
}

/** A binding as the keys' caps say it: `Ctrl K`, `G H`. */
export function keyCaps(keys: string, mac = isMac()): string[] {
  return keys
    .split(" ")
    .flatMap((press) => press.split("+"))
    // A modifier in brackets is only how a layout reaches the character.
    .filter((key) => !key.startsWith("["))
    .map((key) => caps(key, mac));
}

/** A binding in the form of aria-keyshortcuts; sequences have none. */
export function ariaKeys(keys: string, mac = isMac()): string | undefined {
  return keys.includes(" ") ? undefined : keys.replaceAll(/\[\w+\]\+/g, "").replace("$mod", mac ? "Meta" : "Control");
}

function caps(key: string, mac: boolean): string {
  const names: Record<string, string> = {
    $mod: mac ? "⌘" : "Ctrl", Control: "Ctrl", Alt: mac ? "⌥" : "Alt", Shift: "⇧", Enter: "⏎", Escape: "Esc",
    ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→",
  };
  return names[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

function isMac(): boolean {
  return typeof navigator !== "undefined" && navigator.userAgent.includes("Mac");
}

/** Typing is not a command; and while a dialog is open, what is behind it must not hear keys. */
function isElsewhere(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (event.isComposing || event.defaultPrevented) return true;
  if (document.querySelector("dialog[open]")) return true;
  const field = target?.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  return field !== null && field !== undefined && !event.ctrlKey && !event.metaKey;
}
