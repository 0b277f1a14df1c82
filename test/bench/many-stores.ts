// The stores of `bun run many`, and what is measured of all of them.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { join } from "node:path";
import { Client } from "./client.ts";
import { type Running, startOkqInMemory } from "./contenders.ts";
import { startOkqOnDisk, startOkqOnRedis } from "./contenders.ts";
import type { Latencies, Quantiles } from "./latencies.ts";
import { cpuUs, rssMiB, type Servers } from "./servers.ts";
import { decimals, milliseconds } from "./table.ts";

export interface ManyStore {
  name: string;
  start: () => Promise<Running>;
  /** Starts okq again on what it kept, after a kill -9; null: it keeps nothing. */
  restart: ((running: Running) => Promise<Running>) | null;
  /** Ends all servers. */
  stop: () => Promise<void>;
}

/** Those of these names, or all. */
export function manyStores(servers: Servers, okq: string[], names: string[]): ManyStore[] {
  const file = (running: Running) => join(servers.folder, `okq-${running.port}`, "okq.db");
  const kill = ({ processes }: Running) => servers.stop(processes.slice(0, 1));
  const stop = () => servers.stop();
  const stores: ManyStore[] = [
    { name: "memory", start: () => startOkqInMemory(servers, okq), restart: null, stop },
    {
      name: "sqlite",
      start: () => startOkqOnDisk(servers, okq),
      restart: async (running) => {
        await kill(running);
        return startOkqOnDisk(servers, okq, file(running));
      },
      stop,
    },
    {
      name: "redis",
      start: () => startOkqOnRedis(servers, okq),
      restart: async (running) => {
        await kill(running);
        return startOkqOnRedis(servers, okq, running.processes[1]);
      },
      stop,
    },
  ];
  const known = stores.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`unknown store ${unknown}: ${known.join(", ")}`);
  return names.length === 0 ? stores : stores.filter(({ name }) => names.includes(name));
}

/** Does things in batches of so many, several at a time. */
export async function inBatches(
  things: number,
  batch: number,
  doBatch: (first: number, count: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < things) {
      const first = next;
      next += batch;
      await doBatch(first, Math.min(batch, things - first));
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
}

/** Processor time of okq and of its store since their start. */
export const cpuOf = ({ processes }: Running) =>
  processes.map(({ pid }) => cpuUs(pid)).reduce((sum, { user, system }) => sum + user + system, 0);

export const sizes = ({ processes }: Running) =>
  processes.map(({ pid }) => decimals(rssMiB(pid), 0)).join(" + ");

/** Adds the time of this call. */
export async function timed<T>(latencies: Latencies, call: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await call();
  latencies.add(performance.now() - start);
  return result;
}

export const shownQuantiles = ({ p50Ms, p99Ms, maxMs }: Quantiles) =>
  [p50Ms, p99Ms, maxMs].map(milliseconds).join(" / ");

/** A figure in bytes of INFO. */
export async function infoMiB(client: Client, name: string): Promise<string> {
  const value = new RegExp(`${name}:(\\d+)`).exec(await client.call("INFO", "store"))?.[1];
  return value === undefined ? "-" : decimals(Number(value) / 2 ** 20, 0);
}

/** Kills okq and starts it again. Returns the seconds until it serves; "-": it keeps nothing. */
export async function restartSeconds(
  { restart }: ManyStore,
  running: Running,
): Promise<[Running, string]> {
  if (restart === null) return [running, "-"];
  const start = performance.now();
  const again = await restart(running);
  const client = await Client.connect(again.port);
  await client.call("PING");
  client.close();
  return [again, decimals((performance.now() - start) / 1000, 2)];
}
