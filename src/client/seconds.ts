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

/** Seconds since 1970. Throws if it is no time. */
export function secondsSince1970(time: Time, name: string): string {
  const ms = Number(time);
  if (!Number.isFinite(ms) || ms < 0) {
    throw new RangeError(`${name} must be a Date or milliseconds since 1970, got ${time}`);
  }
  return String(Math.ceil(ms) / 1000);
}

export function dateOf(secondsSince: number): Date {
  return new Date(Math.round(secondsSince * 1000));
}
