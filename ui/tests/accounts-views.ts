// Invented accounts, sign-ins and findings for tests and for looking at the screen. Every name, address and id is made up.
import type { AccountsView, AccountView, AnswerView, DoctorView, DraftView, LockView, Profile, RoleView, SessionView, SignInView, VaultView } from "../src/host/host.ts";
import { NOW } from "./views.ts";

const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

export function profile(name: string, over: Partial<Profile> = {}): Profile {
  return { name, kind: "sso session", account: "111122223333", role: "Deployer", region: "eu-central-1", session: "corp", alias: null, colour: null, weight: "unknown", weight_guessed: true, favourite: false, last_used: null, problems: [], ...over };
}

export function account(id: string, name: string, roles: RoleView[], over: Partial<AccountView> = {}): AccountView {
  return { id, name, alias: null, email: `${name}@corp.example`, roles, roles_known: true, favourite: false, colour: null, weight: "unknown", weight_guessed: true, last_used: null, ...over };
}

export function session(over: Partial<SessionView> = {}): SessionView {
  return {
    key: "corp", name: "corp", start_url: "https://corp.example/start", region: "eu-central-1", standing: "signed_in", said: "Signed in; the token renews itself.", ends_at: at(3000), renews: true,
    registration_ends_at: at(60 * 86_400), session_ends_at: at(22_320), kept: "shared", legacy: false, profiles: 3, loading: null, known_since: at(-90), problem: null, sign_in: null,
    accounts: [
      account("111122223333", "broker-production", [{ name: "Deployer", profiles: ["broker-prod"] }, { name: "ReadOnly", profiles: [] }], { weight: "production", weight_guessed: false, favourite: true, last_used: at(-40) }),
      account("222233334444", "broker-staging", [{ name: "Deployer", profiles: ["broker-stg"] }, { name: "Admin", profiles: [] }], { weight: "staging", last_used: at(-90_000) }),
      account("444455556666", "team sandbox", [{ name: "Admin", profiles: [] }], { alias: "sandbox", weight: "sandbox", weight_guessed: false, colour: "violet" }),
      ...Array.from({ length: 41 }, (_, n) => account(`4000000${String(n).padStart(5, "0")}`, `unit-${n + 1}`, [{ name: "ReadOnly", profiles: n === 7 ? ["unit-eight"] : [] }], { roles_known: n !== 12, roles: n === 12 ? [] : [{ name: "ReadOnly", profiles: n === 7 ? ["unit-eight"] : [] }] })),
    ],
    ...over,
  };
}

export const vault: VaultView = { store: "keychain", title: "Secret Service, login keyring", state: "open", said: null, passphrase: false };

export const profiles: Profile[] = [
  profile("broker-prod", { alias: "broker-production", weight: "production", weight_guessed: false, favourite: true, last_used: at(-40) }),
  profile("broker-stg", { account: "222233334444", weight: "staging", last_used: at(-90_000) }),
  profile("unit-eight", { account: "123456789012", role: "ReadOnly" }),
];

export const accounts: AccountsView = {
  sessions: [
    session(),
    session({ key: "partner", name: "partner", start_url: "https://partner.example/start", region: "us-east-1", standing: "signed_out", said: "Nobody is signed in.", ends_at: null, session_ends_at: null, registration_ends_at: null, renews: false, profiles: 1, known_since: at(-18 * 86_400), accounts: [account("555566667777", "partner-shared", [{ name: "Viewer", profiles: [] }])] }),
  ],
  profiles: [
    profile("ci", { kind: "process", account: null, role: null, session: null }),
    profile("break-glass", { kind: "static keys", account: "111122223333", role: null, session: null, alias: "broker-production", weight: "production", weight_guessed: false }),
    profile("old-chain", { kind: "assume role", role: "Admin", session: null, problems: ["Its `source_profile` names `gone`, which is in no file."] }),
  ],
  secrets: [
    { what: "sso:corp", title: "SSO session corp", store: "`~/.aws/sso/cache`, shared with the AWS CLI", ends_at: at(22_320), action: "sign_out", session: "corp" },
    { what: "roles", title: "Role credentials, 3", store: "memory only", ends_at: at(2460), action: "forget", session: null },
    { what: "registries", title: "Registry tokens, 1", store: "memory only, for `docker` through our helper", ends_at: at(39_600), action: "forget", session: null },
  ],
  vault, explanation: null,
};

export const noAccounts: AccountsView = { sessions: [], profiles: [], secrets: [], vault, explanation: "There is no `~/.aws/config` yet." };

export const doctor: DoctorView = {
  at: at(-5),
  findings: [
    { code: "docker-keychain", weight: "problem", title: "Docker's keychain entry blocks registry logins", said: "An entry for `1111…dkr.ecr.eu-central-1` belongs to another program: `docker login` ends with -25299. Holdpoint does not use it; other tools do.", where: "login keychain", repair: "Gives docker our credential helper for this registry, in `~/.docker/config.json`." },
    { code: "precedence", weight: "warning", title: "Two clients, two accounts", said: "With `AWS_PROFILE=broker-stg` and keys in the environment the AWS CLI reaches 1111-2222-3333, the JavaScript SDK 2222-3333-4444.", where: null, repair: null },
  ],
  fine: ["Config reads alike in every client", "Caches are whole", "Modes are 0600", "The clock is right within 0.4 s", "terraform, docker found"].map((title, n) => ({ code: `fine-${n}`, weight: "ok", title, said: "", where: null, repair: null })),
};

export const answers: AnswerView[] = [
  { client: "AWS CLI, boto3", explicit: true, source: "SSO session `corp`", account: "222233334444", region: "eu-central-1", why: "`--profile` drops keys of the environment", differs: false },
  { client: "AWS CLI, boto3", explicit: false, source: "keys in the environment", account: null, region: "eu-central-1", why: "`AWS_ACCESS_KEY_ID` goes before `AWS_PROFILE`", differs: true },
  { client: "JavaScript SDK", explicit: false, source: "SSO session `corp`", account: "222233334444", region: "eu-central-1", why: "`AWS_PROFILE` goes before keys of the environment", differs: false },
  { client: "Go and Rust SDKs", explicit: false, source: "keys in the environment", account: null, region: "eu-central-1", why: "the environment goes before profiles", differs: true },
];

export function draft(over: Partial<DraftView> = {}): DraftView {
  return {
    id: "d1", title: "2 profiles for corp", path: "/home/ana/.aws/config", action: null, profiles: ["broker-production-readonly", "broker-staging-admin"], problems: [], can_apply: true, applied: false, can_undo: false, backup: null,
    diff: "--- a/config\n+++ b/config\n@@ -12,2 +12,14 @@\n [profile broker-stg]\n region = eu-central-1\n+# holdpoint: generated for session corp\n+[profile broker-production-readonly]\n+sso_session = corp\n+sso_account_id = 111122223333\n+sso_role_name = ReadOnly\n+region = eu-central-1\n+[profile broker-staging-admin]\n+sso_session = corp\n+sso_account_id = 222233334444\n+sso_role_name = Admin\n+region = eu-central-1\n+# holdpoint: end\n", ...over,
  };
}

export function signIn(over: Partial<SignInView> = {}): SignInView {
  return {
    session: "partner", name: "partner", attempt: 1, state: "code", url: "https://device.sso.us-east-1.amazonaws.com/", url_complete: "https://device.sso.us-east-1.amazonaws.com/?user_code=WXYZ-BCDF", user_code: "WXYZ-BCDF",
    ends_at: at(540), asked_by: ["the Accounts screen"], open_by_hand: false, said: "Waiting for somebody to allow it in the browser", problem: null, ...over,
  };
}

export const lock: LockView = { locked: false, since: null, waits_for: null, passphrase: false, idle_minutes: 15 };
