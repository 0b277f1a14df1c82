// The longest times in seconds that commands and settings take. Whoever asks for more has mostly
// given milliseconds.

/** Ten years: delays, TTLs, pauses, windows, and how long events are kept. */
export const SECONDS_MAX = 10 * 365 * 86_400;

/** A week. A consumer that needs longer touches its claim. */
export const LEASE_SECONDS_MAX = 7 * 86_400;

/** A day. A client that waits longer waits again. */
export const WAIT_SECONDS_MAX = 86_400;
