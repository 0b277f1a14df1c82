// The line with the counts of a store that was verified.
import type { DatabaseCounts } from "../../stores/local/sqlite/check-database.ts";

export function countsLine(store: string, counts: DatabaseCounts): string {
  const { queues, ready, delayed, claimed, failed, completed } = counts;
  const line = `${counted(queues, "queue")}, ${counted(ready, "event")} ready`;
  const others = `${delayed} delayed, ${claimed} claimed, ${failed} failed, ${completed} completed`;
  return `${store}: ok, ${line}, ${others}\n`;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
