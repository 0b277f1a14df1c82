// A report as the JSON text that subscribers get.
import { isUtf8 } from "node:buffer";
import type { Report } from "./report.ts";

/** The text, in which times are in seconds. Bytes that are not UTF-8 are {"base64": "..."}. */
export function jsonOf(report: Report): string {
  const { kind, queue, id, atMs, worker, attempt, error, isFinal, from } = report;
  const { direction, forMs, group } = report;
  return JSON.stringify({
    event: kind,
    queue: textOf(queue),
    id: id ? textOf(id) : undefined,
    at: secondsOf(atMs),
    from: from && textOf(from),
    worker: worker && textOf(worker),
    attempt,
    error: error && textOf(error),
    final: isFinal,
    direction,
    group: group && textOf(group),
    for: forMs === undefined ? undefined : secondsOf(forMs),
  });
}

function textOf(bytes: Buffer): string | { base64: string } {
  return isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString("base64") };
}

function secondsOf(ms: number): number {
  return Math.round(ms) / 1000;
}
