// Memory, processor time and open files of another process. Linux only.
import { readdirSync, readFileSync } from "node:fs";

/** Resident bytes now, or the maximum so far ("peak"). */
export function residentBytes(pid: number, which: "now" | "peak" = "now"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = which === "now" ? "VmRSS" : "VmHWM";
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) * 1024;
}

/**
 * Milliseconds of processor time of its first thread, which serves clients.
 */
export function workedMs(pid: number): number {
  const facts = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8");
  return Number(facts.split(" ")[0]) / 1_000_000;
}

/** The number of open descriptors, for files, sockets and others. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
