// Durations in words, times in ISO with zone, counts with their noun: one voice for every screen.

/** A duration as an operator says it: `42 s`, `3 m 42 s`, `1 h 05 m`, `2 d 4 h`. Takes seconds. */
export function durationWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${pad(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} m`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** Time left, as exact as it matters: seconds only near the end, no zeros. Takes seconds. */
export function leftWords(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 600) return durationWords(whole);
  return durationWords(Math.floor(whole / 60) * 60).replace(/ 00 [sm]$/, "");
}

/** A rough duration: the largest unit only. Takes seconds. */
export function roughWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.round(whole / 60)} m`;
  if (whole < 86_400) return trim(whole / 3600, "h");
  return trim(whole / 86_400, "d");
}

/** An estimate, `4 m` or `4–6 m`. Takes seconds. */
export function estimateWords(estimate: { from: number; to: number }): string {
  const from = roughWords(estimate.from);
  const to = roughWords(estimate.to);
  if (from === to) return to;
  const [fromNumber, fromUnit] = from.split(" ");
  const [toNumber, toUnit] = to.split(" ");
  return fromUnit === toUnit ? `${fromNumber}–${toNumber} ${toUnit}` : `${from} to ${to}`;
}

/** Seconds on a clock face, `1:07` or `1:02:40`: for rails, where columns must line up. */
export function clockFace(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor((whole % 3600) / 60);
  return whole < 3600 ? `${minutes}:${pad(whole % 60)}` : `${Math.floor(whole / 3600)}:${pad(minutes)}:${pad(whole % 60)}`;
}

/** ISO date and time with zone, of where the operator sits: `2026-11-20 14:02:11 +01:00`. */
export function isoLocal(at: string): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return at;
  const offset = -time.getTimezoneOffset();
  const zone = `${offset < 0 ? "-" : "+"}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
  return `${dayOf(time)} ${timeOf(time)} ${zone}`;
}

/** The time of day to the millisecond, for lines of a log. */
export function preciseTime(at: string): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? at : `${timeOf(time)}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** As short as it stays unmistakable: the time today, else the date and the time to the minute. */
export function shortTime(at: string, now: number): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return at;
  const minute = timeOf(time).slice(0, 5);
  return dayOf(time) === dayOf(new Date(now)) ? minute : `${dayOf(time)} ${minute}`;
}

/** `1 step`, `3 steps`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** Bytes as a registry shows them, in powers of 1,024: `812 B`, `3.4 MiB`. */
export function byteWords(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A fragment as a sentence: capital, full stop. */
export function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

/** Seconds from one time to another, never negative. */
export function secondsBetween(from: string, to: string | number): number {
  const end = typeof to === "number" ? to : Date.parse(to);
  return Math.max(0, (end - Date.parse(from)) / 1000);
}

/** An account id in groups of four, so that it can be compared by eye. */
export function accountWords(account: string): string {
  return /^\d{12}$/.test(account) ? `${account.slice(0, 4)}-${account.slice(4, 8)}-${account.slice(8)}` : account;
}

/** An id shortened where it says least: an ARN and a path keep their end, a digest both ends. The whole belongs in a title or behind a copy button. */
export function shortened(text: string, most = 28): string {
  if (text.length <= most) return text;
  if (text.startsWith("arn:")) {
    const resource = text.split(":").slice(5).join(":");
    return resource.length < most ? `…${resource}` : `…${resource.slice(1 - most)}`;
  }
  if (/^([/~.]|[A-Za-z]:\\|https?:)/.test(text)) return `…${text.slice(1 - most)}`;
  const tail = Math.max(4, Math.floor(most / 3));
  return `${text.slice(0, most - tail - 1)}…${text.slice(-tail)}`;
}

function dayOf(time: Date): string {
  return `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
}

function timeOf(time: Date): string {
  return `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
}

function trim(number: number, unit: string): string {
  return `${Number(number.toFixed(1))} ${unit}`;
}

function pad(number: number): string {
  return String(number).padStart(2, "0");
}
