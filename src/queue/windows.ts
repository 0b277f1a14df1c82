// Dedupe windows: how long an id stays taken from its push, whatever becomes of its event. They
// concern pushes only. A window that was taken lasts as long as it was to last, whatever becomes of
// the setting.

/** A queue has at most so many; then those that would end first end early. */
export const WINDOWS_MAX = 1_000_000;

/**
 * Windows that have ended are forgotten at the next full second, because many end at a time. Only
 * then a queue that has nothing else is gone.
 */
const SECOND_MS = 1000;

export function forgottenAtMs(endsAtMs: number): number {
  return (Math.floor(endsAtMs / SECOND_MS) + 1) * SECOND_MS;
}

/** At that time the windows that ended before this one are forgotten. */
export function forgottenBefore(nowMs: number): number {
  return Math.floor(nowMs / SECOND_MS) * SECOND_MS;
}
