// A family of metrics as one description, from which /metrics and the table in the README follow.
import type { DoublingHistogram } from "../../queue/doubling-histogram.ts";

export interface Family {
  /** Without what is added to the names of single samples, such as _total or _info. */
  name: string;
  type: "gauge" | "counter" | "histogram" | "info";
  unit?: "seconds" | "bytes";
  /** The names of its labels. */
  labels?: readonly string[];
  /** One sentence, in Markdown without a pipe. */
  help: string;
  /**
   * store: every okq process on the store shows the same. process: what this one did since it
   * started, or has now.
   */
  of: "store" | "process";
  /** Only users of all queues see it. */
  isOfAllQueues?: true;
}

/** A histogram, and how many of its numbers are one unit. */
export interface Scaled {
  histogram: DoublingHistogram;
  perUnit: number;
}

/** The values of the labels, in their order. */
export type Sample = [labels: readonly string[], value: number | Scaled];

export const US_PER_S = 1_000_000;
export const MS_PER_S = 1000;

/** The samples of a family without labels. */
export function only(value: number | Scaled): Sample[] {
  return [[[], value]];
}

/** Samples of one label. */
export function each(values: Record<string, number>): Sample[] {
  return Object.entries(values).map(([label, value]) => [[label], value]);
}

/** The name by which gauges and counters are asked for. */
export function fullName({ name, type }: Family): string {
  if (type === "counter") return `${name}_total`;
  return type === "info" ? `${name}_info` : name;
}

/** As plain text, which tells what is not of the store. */
export function helpOf({ help, of }: Family): string {
  const text = help.replaceAll("`", "");
  return of === "process" ? `${text} Of this okq process.` : text;
}
