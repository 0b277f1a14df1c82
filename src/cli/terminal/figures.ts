// Numbers, durations and times as people read them in a table: short, and without blanks.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const precise = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** Shown in the place of a missing value. */
export const NONE = "-";

/** 1,234,567. */
export function count(value: number): string {
  return whole.format(value);
}

/** 950, 1.2K, 3.4M. */
export function short(value: number): string {
  return value < 1000 ? precise.format(value) : compact.format(value);
}

/** Per second: 0, 0.02, 12.5, 1,234. */
export function rate(value: number): string {
  return value < 100 ? precise.format(value) : whole.format(value);
}

/** 5 bytes, 1.21 KiB. */
export function bytes(value: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const at = value < 1024 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), units.length - 1);
  return `${precise.format(value / 1024 ** at)} ${units[at]}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** In the two largest units that matter: 38µs, 85ms, 3.2s, 45s, 4m10s, 2h5m, 3d4h. */
export function duration(seconds: number): string {
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds === 0) return "0s";
  if (seconds < 0.000_999) return `${precise.format(seconds * 1e6)}µs`;
  if (seconds < 0.0995) return `${precise.format(seconds * 1000)}ms`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))}s`;
  const total = Math.round(seconds);
  if (total < MINUTE) return `${total}s`;
  if (total < HOUR) return two(total, MINUTE, "m", 1, "s");
  if (total < DAY) return two(total, HOUR, "h", MINUTE, "m");
  return two(total, DAY, "d", HOUR, "h");
}

function two(total: number, big: number, bigUnit: string, small: number, unit: string): string {
  const rest = Math.floor((total % big) / small);
  return `${Math.floor(total / big)}${bigUnit}${rest > 0 ? `${rest}${unit}` : ""}`;
}

/** The largest distance from 1970 that a Date can have, in seconds. */
const DATE_SECONDS_MAX = 8.64e12;

/** 2026-11-29 14:05:09 in the time zone of this machine, of seconds since 1970. */
export function time(at: number): string {
  if (!Number.isFinite(at) || Math.abs(at) > DATE_SECONDS_MAX) return String(at);
  const date = new Date(at * 1000);
  const pad = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${timeOfDay(date)}`;
}

/** 14:05:09 in the time zone of this machine. */
export function timeOfDay(date: Date): string {
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return parts.map((value) => String(value).padStart(2, "0")).join(":");
}

/** "1 event", "2 events". */
export function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}
