// Who has claimed events: the workers of claims, as text. See queue/claimant.ts.
import type { LocalEvent } from "./local-queue.ts";

/** Empty if the claim has none. */
export function workerIn(claimant: string | null): string {
  if (claimant === null) return "";
  return claimant.slice(claimant.indexOf(" ", claimant.indexOf(" ") + 1) + 1);
}

/** The workers that have these claims. */
export function workersOf(claims: Iterable<LocalEvent>): Set<string> {
  const workers = new Set<string>();
  for (const { claimant } of claims) workers.add(workerIn(claimant));
  return workers;
}

/** When a claim began, in ms since 1970. */
export function claimedAtMs({ more, atMs, lease }: LocalEvent): number {
  return more?.claimedAtMs ?? atMs - lease;
}
