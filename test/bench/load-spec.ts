// The options of one run of the load generator, and its report. Both travel as JSON.
import type { DialectName } from "./dialects.ts";
import type { Quantiles } from "./latencies.ts";

export interface LoadSpec {
  dialect: DialectName;
  port: number;
  connections: number;
  /** Operations that each connection has in flight at any time. */
  inFlight: number;
  contentsBytes: number;
  /** Connection n works on queue n modulo this number. */
  queues: number;
  queueName: string;
  /**
   * cycle: repeated push, pop, ack. fill: only pushes. drain: pops without a claim until nil.
   * consume: repeated pop and ack of a backlog. next: the same in one command, after a first pop.
   */
  plan: "cycle" | "fill" | "drain" | "consume" | "next";
  /** fill: how many events to push. */
  events: number;
  warmupMs: number;
  measureMs: number;
  /** Milliseconds between the starts of two cycles of a connection; 0: as fast as possible. */
  paceMs: number;
}

export interface LoadReport {
  /** During the measured time. */
  operationsPerSecond: number;
  /** From start to end, warm-up included. */
  operationsTotal: number;
  pushes: number;
  pops: number;
  acks: number;
  /** Pops that found nothing and were sent again; a healthy run has none. */
  nilPops: number;
  /** Latencies of all steps together, and step by step. */
  all: Quantiles;
  push: Quantiles;
  pop: Quantiles;
  ack: Quantiles;
  /** Processor time of the load generator per operation during the measured time. */
  loadCpuUsPerOperation: number;
  elapsedMs: number;
}

export const defaultSpec: LoadSpec = {
  dialect: "okq",
  port: 0,
  connections: 50,
  inFlight: 1,
  contentsBytes: 100,
  queues: 1,
  queueName: "bench",
  plan: "cycle",
  events: 0,
  warmupMs: 400,
  measureMs: 2000,
  paceMs: 0,
};
