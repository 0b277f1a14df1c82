// Dedupe windows: an id stays taken for some time after its push, even if its event is gone. They
// concern pushes only. Other settings do not change the end of a window that has begun.

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
