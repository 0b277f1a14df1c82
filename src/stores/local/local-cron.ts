// A cron entry as the local store keeps it: see queue/cron-operations.ts.
export interface LocalCron {
  queueName: string;
  name: string;
  version: string;
  definition: Buffer;
  setAtMs: number;
  lastAtMs: number | null;
  nextAtMs: number | null;
}

/** When it is due. */
export function dueMsOf({ setAtMs, nextAtMs }: LocalCron): number {
  return nextAtMs ?? setAtMs;
}
