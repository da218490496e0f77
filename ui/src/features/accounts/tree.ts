// Sessions' accounts and roles as the rows of a tree, filtered as a person types.
import type { AccountView, Profile, RoleView } from "../../host/host.ts";

export type Row =
  | { kind: "account"; key: string; account: AccountView; roles: RoleView[]; open: boolean; at: number; of: number }
  | { kind: "role"; key: string; account: AccountView; role: RoleView; at: number; of: number }
  | { kind: "none"; key: string; account: AccountView };

/** What is typed, as words that must all occur. An account id may be typed in groups. */
export function wordsOf(query: string): string[] {
  const typed = query.trim().toLowerCase();
  if (/^\d{4}(-\d{0,4}){0,2}$/.test(typed)) return [typed.replaceAll("-", "")];
  return typed === "" ? [] : typed.split(/\s+/);
}

/**
 * The rows that show: favourites first, then the order of the organisation. While something is typed, accounts that fit as a whole keep all
 * their roles, others only the roles that fit, opened so that one sees why they are there.
 */
export function rowsOf(accounts: readonly AccountView[], opened: ReadonlySet<string>, query: string): Row[] {
  const words = wordsOf(query);
  const rows: Row[] = [];
  const found = ordered(accounts).flatMap((account) => {
    const roles = fittingRoles(account, words);
    return roles === null ? [] : [{ account, roles }];
  });
  found.forEach(({ account, roles }, at) => {
    const narrowed = words.length > 0 && (roles.length < account.roles.length || !fits(words, accountText(account)));
    const open = opened.has(account.id) || narrowed;
    rows.push({ kind: "account", key: account.id, account, roles, open, at: at + 1, of: found.length });
    if (!open) return;
    if (roles.length === 0) rows.push({ kind: "none", key: `${account.id}/`, account });
    roles.forEach((role, place) => rows.push({ kind: "role", key: `${account.id}/${role.name}`, account, role, at: place + 1, of: roles.length }));
  });
  return rows;
}

/** Profiles in which all words occur. */
export function fittingProfiles(profiles: readonly Profile[], query: string): Profile[] {
  const words = wordsOf(query);
  return profiles.filter((profile) => fits(words, [profile.name, profile.account, profile.alias, profile.role, profile.region, profile.kind].join(" ").toLowerCase()));
}

/** What to call an account: what the operator or the organisation does; before the first sign-in nobody said. */
export function titleOf(account: Pick<AccountView, "alias" | "name">): string {
  return account.alias ?? (account.name || "name not known yet");
}

/** All profiles that lead into an account. */
export function profilesOf(account: AccountView): string[] {
  return account.roles.flatMap((role) => role.profiles);
}

/** The first few of a list, and how many more. */
export function fewOf(names: readonly string[], few: number): { shown: string[]; more: number } {
  return { shown: names.slice(0, few), more: Math.max(0, names.length - few) };
}

function ordered(accounts: readonly AccountView[]): AccountView[] {
  return [...accounts.filter((account) => account.favourite), ...accounts.filter((account) => !account.favourite)];
}

/** The roles to show of an account, or null when nothing of it fits. */
function fittingRoles(account: AccountView, words: string[]): RoleView[] | null {
  const own = accountText(account);
  if (fits(words, own)) return account.roles;
  const roles = account.roles.filter((role) => fits(words, `${own} ${role.name} ${role.profiles.join(" ")}`.toLowerCase()));
  return roles.length === 0 ? null : roles;
}

function accountText({ id, name, alias, email }: AccountView): string {
  return [id, name, alias, email].join(" ").toLowerCase();
}

function fits(words: string[], text: string): boolean {
  return words.every((word) => text.includes(word));
}
