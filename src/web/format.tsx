// Numbers, durations and times as people read them. Times are in the zone of the viewer.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const precise = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** 1,234,567. */
export function count(value: number): string {
  return whole.format(value);
}

/** 1.2M, for scales. */
export function short(value: number): string {
  return value < 1000 ? precise.format(value) : compact.format(value);
}

/** Per second. */
export function rate(value: number): string {
  return value === 0 ? "0" : value < 100 ? precise.format(value) : whole.format(value);
}

export function bytes(value: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const at = value < 1024 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), units.length - 1);
  return `${precise.format(value / 1024 ** at)} ${units[at]}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** In the two largest units that matter: "3.2 s", "4 min 10 s", "2 d 3 h". */
export function duration(seconds: number): string {
  if (seconds < 0.0995) return `${precise.format(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const total = Math.round(seconds);
  if (total < MINUTE) return `${total} s`;
  if (total < HOUR) return two(total, MINUTE, "min", 1, "s");
  if (total < DAY) return two(total, HOUR, "h", MINUTE, "min");
  return two(total, DAY, "d", HOUR, "h");
}

function two(total: number, big: number, bigUnit: string, small: number, unit: string): string {
  const rest = Math.floor((total % big) / small);
  return `${whole.format(Math.floor(total / big))} ${bigUnit}${rest > 0 ? ` ${rest} ${unit}` : ""}`;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const moment = new Intl.DateTimeFormat("sv-SE", {
  dateStyle: "short",
  timeStyle: "medium",
});
export const timeZone = moment.resolvedOptions().timeZone;

/** 14:05, of seconds since 1970. */
export function hourAndMinute(at: number): string {
  return clock.format(at * 1000);
}

/** 2026-11-29 14:05:09, of seconds since 1970. */
export function dateAndTime(at: number): string {
  return moment.format(at * 1000);
}

/** "4 min ago" or "in 4 min". */
function fromNow(at: number, now = Date.now() / 1000): string {
  const ago = now - at;
  if (Math.abs(ago) < 1) return "now";
  return ago > 0 ? `${duration(ago)} ago` : `in ${duration(-ago)}`;
}

/** A moment as a date, with its distance from now. */
export function Time({ at }: { at: number }) {
  const isSane = Number.isFinite(at) && Math.abs(at) < 8.64e12;
  if (!isSane) return <>{String(at)}</>;
  const iso = new Date(at * 1000).toISOString();
  return (
    <time dateTime={iso} title={`${iso}\n${fromNow(at)}`}>
      {dateAndTime(at)}
    </time>
  );
}

/** The distance of a moment from now, with its date. */
export function Age({ at }: { at: number }) {
  const iso = new Date(at * 1000).toISOString();
  return (
    <time dateTime={iso} title={`${dateAndTime(at)} (${timeZone})`}>
      {fromNow(at)}
    </time>
  );
}

/** "1 event", "2 events". */
export function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}
