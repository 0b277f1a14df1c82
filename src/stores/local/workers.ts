// Who has claimed events: the workers of claims, as text. See queue/claimant.ts.

/** Empty if the claim has none. */
export function workerIn(claimant: string | null): string {
  if (claimant === null) return "";
  return claimant.slice(claimant.indexOf(" ", claimant.indexOf(" ") + 1) + 1);
}

/** The workers that have these claims. */
export function workersOf(claims: Iterable<{ claimant: string | null }>): Set<string> {
  const workers = new Set<string>();
  for (const { claimant } of claims) workers.add(workerIn(claimant));
  return workers;
}

interface Claim {
  /** When its lease ends, and how long it is. */
  atMs: number;
  lease: number;
  more: { claimedAtMs: number | null } | null;
}

/** When a claim began, in ms since 1970. */
export function claimedAtMs({ more, atMs, lease }: Claim): number {
  return more?.claimedAtMs ?? atMs - lease;
}
