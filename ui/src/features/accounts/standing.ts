// Where a sign-in stands, in the words of a session's heading.
import type { SessionView } from "../../host/host.ts";
import { leftWords, roughWords } from "../../kit/words.ts";
import type { Tone } from "../../kit/tone.ts";

/** Days before the end of a client's registration from which it is worth a word. */
const REGISTRATION_DAYS = 7;
const DAY_S = 86_400;

export type Standing = { tone: Tone; words: string; offersSignIn: boolean; offersSignOut: boolean };

export function standingOf(session: SessionView, now: number): Standing {
  switch (session.standing) {
    case "signed_in":
      return { tone: "ok", words: signedIn(session, now), offersSignIn: false, offersSignOut: true };
    case "expired":
      return { tone: "warn", words: "the sign-in has expired", offersSignIn: true, offersSignOut: true };
    case "signed_out":
      return { tone: "quiet", words: "signed out", offersSignIn: true, offersSignOut: false };
    case "torn":
      return { tone: "danger", words: "its cache file cannot be read", offersSignIn: true, offersSignOut: false };
    case "locked":
      return { tone: "warn", words: "the vault is locked", offersSignIn: false, offersSignOut: false };
  }
}

/** The warning that a registration ends, from a week before. */
export function registrationWords(session: SessionView, now: number): string | null {
  if (session.registration_ends_at === null || session.standing !== "signed_in") return null;
  const left = (Date.parse(session.registration_ends_at) - now) / 1000;
  if (Number.isNaN(left) || left > REGISTRATION_DAYS * DAY_S) return null;
  return left <= 0 ? "its registration with Identity Center has ended: the token is not renewed any more" : `its registration with Identity Center ends in ${roughWords(left)}: then a person signs in once`;
}

/** What it stands on comes first: the end of the sign-in where that is known, else that of the token. */
function signedIn({ ends_at, session_ends_at, renews }: SessionView, now: number): string {
  const end = session_ends_at ?? ends_at;
  const left = end === null ? null : (Date.parse(end) - now) / 1000;
  const time = left === null || Number.isNaN(left) ? null : left <= 0 ? (renews ? "renews when needed" : "about to end") : `${leftWords(left)} left`;
  return ["signed in", time, renews && left !== null && left > 0 ? "renews itself" : null].filter(Boolean).join(", ");
}
