// The objects in the log with which epochs began. An okq that slept puts its next object exactly
// where the fence of the next epoch is, and sees that it was replaced.
//
// A fence may be deleted when no okq of an older epoch can put anything any more. That is so an
// hour after it was created:
// - An older okq saw its own epoch in the manifest before that epoch ended, so before the fence.
// - A put of its counts only if its clocks say that this was less than 10 minutes ago, both when
//   it is sent and when it was answered.
// - Its clocks may be wrong; but object stores refuse requests whose date is off by more than 15
//   minutes. So the look at the manifest was at most 15 minutes ahead, and the put at most 15
//   minutes behind: 40 minutes together.

import type { Fence } from "./manifest.ts";

const KEPT_MS = 60 * 60_000;

/** Which fences the manifest has to name, by the clock of the object store, and which no more. */
export function sortFences(fences: readonly Fence[], nowMs: number): [kept: Fence[], old: Fence[]] {
  const isOld = ({ atMs }: Fence) => nowMs - atMs > KEPT_MS;
  return [fences.filter((fence) => !isOld(fence)), fences.filter(isOld)];
}
