/** What a part says about state. tokens.css gives each its colour. */
export type Tone = "plain" | "quiet" | "ok" | "warn" | "danger" | "running" | "hold" | "practice";
