// What the verbs that push have in common: see full/push.lua.
import type { PushOptions } from "../../queue/event.ts";
import { timeOf } from "./verb-values.ts";

/** As full/push.lua reads them. */
export function optionsOf(options: PushOptions | null): string {
  if (options === null) return "";
  const { start, ttlMs, attemptsMax, backoff, leaseMs, onDuplicate } = options;
  const text = JSON.stringify({
    start: start ? timeOf(start) : undefined,
    ttl: ttlMs ?? undefined,
    attempts: attemptsMax ?? undefined,
    backoff: backoff ?? undefined,
    lease: leaseMs ?? undefined,
    dup: onDuplicate === "refuse" ? undefined : onDuplicate,
  });
  return text === "{}" ? "" : text;
}

/** Replies for a push that was refused. */
export const REFUSED = { [-1]: "QUEUEFULL", [-2]: "PAUSED" } as const;
