// Names, arguments and replies of every call.
import type { Answer, Effect, Home, Identity, LogPage, Mode, PlanView, Profiles, ReportFormat, RollbackSet, RunSummary, RunView } from "./types.ts";

export type { Effect };

export type Calls = {
  "home.view": { args: Record<string, never>; reply: Home };
  "plan.open": { args: { path: string }; reply: PlanView };
  "plan.trust": { args: { path: string; digest: string }; reply: PlanView };
  "profiles.list": { args: Record<string, never>; reply: Profiles };
  "identity.check": { args: { profile: string }; reply: Identity };
  "run.start": {
    args: { path: string; digest: string; mode: Mode; profile: string | null; scenario: string | null; speed: number; vars: Record<string, string> };
    reply: RunView;
  };
  "runs.list": { args: Record<string, never>; reply: RunSummary[] };
  "run.view": { args: { run: string }; reply: RunView };
  "run.sign": {
    args: { run: string; hold: string; decision: "go" | "no_go"; profile: string | null; person: string | null; reason: string | null };
    reply: RunView;
  };
  "run.tick": { args: { run: string; step: string; item: string; on: boolean; reason: string | null }; reply: RunView };
  "run.answer": { args: { run: string; step: string; answer: Answer }; reply: RunView };
  "run.choose": { args: { run: string; step: string; choice: string; reason: string | null }; reply: RunView };
  "run.rollback_preview": { args: { run: string }; reply: RollbackSet };
  "run.rollback": { args: { run: string; reason: string }; reply: RunView };
  "run.abort": { args: { run: string; reason: string }; reply: RunView };
  "run.resume": { args: { run: string }; reply: RunView };
  "run.log": { args: { run: string; step: string; after_line: number }; reply: LogPage };
  "report.export": { args: { run: string; format: ReportFormat; path: string }; reply: { path: string; bytes: number; sha256: string } };
};

export type CallName = keyof Calls;
