// The settings that random queues are given.

/** Values of settings. An exponential backoff differs between stores, so it is left out. */
export const values: Record<string, (string | null)[]> = {
  lease: ["1", "2.5", "4", null],
  "max-attempts": ["0", "1", "2", "3", null],
  "max-crashes": ["0", "1", "2", null],
  backoff: ["none", "fixed 1", "1,0,2.5"],
  "crash-backoff": ["none", "fixed 1.5", "0,1", null],
  ttl: ["0", "3", "6", null],
  "max-claimed": ["0", "1", "2", "4", null],
  "keep-completed": ["0", "2", "", "3s", null],
  "bound-only": ["yes", "no", null],
  "dedupe-window": ["0", "0", "0.5", "2.5", "5", null],
};

/**
 * Only these have a queue for failed events, one source for each target: of several sources each
 * store chooses which comes first. For the same reason they have no events that fail by their TTL.
 */
export const ofChains: Record<string, (string | null)[]> = {
  "keep-failed": ["3", "0", "", "4s", null],
};
export const ofOthers: Record<string, (string | null)[]> = {
  "on-expire": ["drop", "fail", null],
  "keep-failed": ["", "4s", null],
  "max-length": ["0", "3", "5", null],
  "on-full": ["refuse", "drop-oldest", null],
};
