// Runs okq in epochs: each is a mixed load with clients that connect, leave and misbehave. At its
// end every event must be accounted for, and the idle okq is measured.
import { eventually, lasting } from "../support/eventually.ts";
import { openFiles, residentBytes } from "../support/process-figures.ts";
import { Wire } from "../support/wire.ts";
import { Load } from "./load.ts";
import { MisbehavingClients } from "./misbehaving-clients.ts";

const QUEUES = ["a", "b"];
/** The time in which memory settles after a load. The smallest figure counts. */
const SETTLE_MS = 1_500;

export interface Epoch {
  pushed: number;
  acked: number;
  repeated: number;
  outcomesUnknown: number;
  /** Connections of misbehaving clients. */
  connections: number;
  memoryMB: number;
  files: number;
  slowestMs: number;
}

export interface Soaked {
  pid: number;
  port: number;
}

/** Rejects if an event was lost or delivered again after its ack. */
export async function soakEpoch(okq: Soaked, seconds: number, seed: number): Promise<Epoch> {
  const observer = await Wire.connect(okq.port);
  await observer.call("CLIENT", "SETNAME", "observer");
  const load = new Load({ port: () => okq.port, queues: QUEUES, producers: 3, lease: 2 });
  const { account } = load;
  const misbehaving = new MisbehavingClients({ port: okq.port, account, queues: QUEUES, seed });
  await lasting(seconds * 1000);
  await misbehaving.stop();
  await load.stop();
  await load.drain(okq.port);
  const totals = account.settle();
  await eventually(async () => {
    const info = String(await observer.call("INFO", "clients"));
    const isAtRest = ["waiting", "unread", "unsent"].every((each) => {
      return info.includes(`bytes_${each}:0\r\n`);
    });
    return isAtRest && info.includes("connected_clients:1\r\n");
  });
  const settledAt = performance.now() + SETTLE_MS;
  let bytes = Infinity;
  await eventually(() => {
    bytes = Math.min(bytes, residentBytes(okq.pid));
    return performance.now() > settledAt;
  });
  const files = openFiles(okq.pid);
  observer.close();
  return {
    pushed: totals.pushed,
    acked: totals.acked,
    repeated: totals.repeated,
    outcomesUnknown: totals.pushUnknown + totals.ackUnknown,
    connections: misbehaving.connections,
    memoryMB: bytes / 2 ** 20,
    files,
    slowestMs: load.slowestMs,
  };
}
