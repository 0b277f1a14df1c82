// Times of the interface are milliseconds; those of okq are seconds with up to three decimals.

/** A point in time: a Date, or milliseconds since 1970. */
export type Time = Date | number;

/** Seconds, rounded up to a whole millisecond. Throws if it is no time. */
export function seconds(ms: number, name: string): string {
  if (!Number.isFinite(ms) || ms < 0) {
    throw new RangeError(`${name} must be a number of milliseconds from 0 on, got ${ms}`);
  }
  return String(Math.ceil(ms) / 1000);
}

/** A smaller number is a duration (up to 115 days) or seconds, given by mistake. */
const MS_SINCE_1970_MIN = 10_000_000_000;

/** Milliseconds since 1970. Throws if it is no time. */
export function msSince1970(time: Time, name: string): number {
  const ms = Number(time);
  const min = typeof time === "number" ? MS_SINCE_1970_MIN : 0;
  if (Number.isFinite(ms) && ms >= min) return ms;
  throw new RangeError(`${name} must be a Date or milliseconds since 1970, got ${String(time)}`);
}

/** Seconds since 1970. Throws if it is no time. */
export function secondsSince1970(time: Time, name: string): string {
  return String(Math.ceil(msSince1970(time, name)) / 1000);
}

export function dateOf(secondsSince: number): Date {
  return new Date(Math.round(secondsSince * 1000));
}
