// What the system says about another process: its memory and its open files. Linux only.
import { readdirSync, readFileSync } from "node:fs";

/** Bytes of memory that it has now, or ("peak") had at most. */
export function residentBytes(pid: number, which: "now" | "peak" = "now"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = which === "now" ? "VmRSS" : "VmHWM";
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)![1]) * 1024;
}

/**
 * Milliseconds of processor time that its first thread, the one that serves clients, has worked so
 * far. Other programs on the machine do not count.
 */
export function workedMs(pid: number): number {
  const facts = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8");
  return Number(facts.split(" ")[0]) / 1_000_000;
}

/** Open descriptors: files, sockets and what the system itself needs. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
