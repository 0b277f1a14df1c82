// Start here: bun run many [store ...] [--events N] [--executable FILE]. Measures what millions of
// delayed, failed and completed events cost: memory, the operations beside them, a restart, and all
// of them due at one moment. Takes minutes and gigabytes, so it is not a part of the bench.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Client } from "./client.ts";
import { repository, type Running, startOkqInMemory } from "./contenders.ts";
import { startOkqOnDisk, startOkqOnRedis } from "./contenders.ts";
import { Latencies } from "./latencies.ts";
import { runLoad } from "./load-run.ts";
import { cpuUs, rssMiB, Servers } from "./servers.ts";
import { decimals, milliseconds, table } from "./table.ts";

const QUEUE = "many";
const CONTENTS = Buffer.alloc(100, "contents ");
const BATCH = 1000;
const BATCHES_IN_FLIGHT = 4;
const DELAYED_IN_A_ROW = 2_000;
const DELAYED_TOGETHER = 20_000;
/** Until the events are due at one moment: enough to push them all. */
const PUSHED_PER_SECOND_MIN = 25_000;
const FEW = 5_000;

const { values, positionals } = parseArgs({
  args: Bun.argv.slice(2),
  allowPositionals: true,
  options: {
    events: { type: "string", default: "5000000" },
    executable: { type: "string", default: join(repository, "dist/okq") },
  },
});
const most = Number(values.events);
const okq = [values.executable];
const servers = new Servers();

interface Store {
  start: () => Promise<Running>;
  /** Starts okq again on what it kept, after a kill -9. */
  restart: ((running: Running) => Promise<Running>) | null;
}

const file = (running: Running) => join(servers.folder, `okq-${running.port}`, "okq.db");
const stores: Record<string, Store> = {
  memory: { start: () => startOkqInMemory(servers, okq), restart: null },
  sqlite: {
    start: () => startOkqOnDisk(servers, okq),
    restart: (running) => startOkqOnDisk(servers, okq, file(running)),
  },
  redis: {
    start: () => startOkqOnRedis(servers, okq),
    restart: ({ processes }) => startOkqOnRedis(servers, okq, processes[1]),
  },
};

/** Does `count` things of some events each, several at a time. */
async function inBatches(
  events: number,
  doBatch: (first: number, count: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < events) {
      const first = next;
      next += BATCH;
      await doBatch(first, Math.min(BATCH, events - first));
    }
  };
  await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, work));
}

const contents = (count: number) => Array.from({ length: count }, () => CONTENTS);

/** Delayed for one to three hours, or until that time. */
const pushDelayed = (client: Client, events: number, atSeconds?: number) =>
  inBatches(events, (_, count) => {
    const delay = ["DELAY", String(3600 + Math.random() * 7200)];
    const start = atSeconds === undefined ? delay : ["AT", String(atSeconds)];
    return client.call("QMPUSH", QUEUE, ...start, "EVENTS", ...contents(count));
  });

/** Pushes and pops events, and ends their claims like this. */
const popAll = (
  client: Client,
  events: number,
  end: (client: Client, ids: string[]) => Promise<unknown>,
) =>
  inBatches(events, async (first, count) => {
    const ids = Array.from({ length: count }, (_, n) => `event-${first + n}`);
    const pairs = ids.flatMap((id) => [id, CONTENTS]);
    // The batches of one connection are done in order: each pops its own events.
    await client.call("QMPUSH", QUEUE, "PAIRS", ...pairs);
    await client.call("QPOP", "COUNT", `${count}`, "LEASE", "3600", "FROM", QUEUE);
    await end(client, ids);
  });

/** How the queue is filled, by the name of the state. */
const fills: Record<string, (client: Client, events: number) => Promise<void>> = {
  delayed: (client, events) => pushDelayed(client, events),
  failed: (client, events) =>
    popAll(client, events, (each, ids) =>
      Promise.all(ids.map((id) => each.call("QFAIL", QUEUE, id, "*", "ERROR", "e", "FINAL"))),
    ),
  completed: async (client, events) => {
    await client.call("QCONFIG", QUEUE, "keep-completed", "");
    await popAll(client, events, (each, ids) =>
      each.call("QMACK", QUEUE, ...ids.flatMap((id) => [id, "*"])),
    );
  },
};

const cpuOf = ({ processes }: Running) =>
  processes.map(({ pid }) => cpuUs(pid)).reduce((sum, { user, system }) => sum + user + system, 0);
const sizes = ({ processes }: Running) =>
  processes.map(({ pid }) => decimals(rssMiB(pid), 0)).join(" + ");

/** Adds the time of each of these calls. */
async function timed(latencies: Latencies, call: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await call();
  latencies.add(performance.now() - start);
}

/** Processor time of an event that is delayed for a moment, beside the others, and its push. */
async function costOfDelayed(running: Running, client: Client): Promise<string[]> {
  const latencies = new Latencies();
  const push = (seconds: number) =>
    client.call("QPUSH", QUEUE, CONTENTS, "DELAY", seconds.toFixed(3));
  for (let n = 0; n < DELAYED_IN_A_ROW; n++) await timed(latencies, () => push(0.2));
  const before = cpuOf(running);
  for (let n = 0; n < DELAYED_TOGETHER; n += 200) {
    await Promise.all(Array.from({ length: 200 }, () => push(0.1 + Math.random())));
  }
  const all = DELAYED_TOGETHER + DELAYED_IN_A_ROW;
  for (let popped = 0; popped < all;) {
    const reply = await client.call("QPOP", "COUNT", "100", "WAIT", "5", "NOACK", "FROM", QUEUE);
    const count = Number(/^\*(\d+)/.exec(reply)?.[1] ?? 0);
    if (count === 0) throw new Error(`${popped} of ${all} delayed events became ready`);
    popped += count;
  }
  const { p50Ms, p99Ms } = latencies.quantiles();
  const us = (cpuOf(running) - before) / DELAYED_TOGETHER;
  return [decimals(us, 1), `${milliseconds(p50Ms)} / ${milliseconds(p99Ms)}`];
}

async function restartSeconds(store: Store, running: Running): Promise<[Running, string]> {
  if (store.restart === null) return [running, "-"];
  await servers.stop(running.processes.slice(0, 1));
  const start = performance.now();
  const again = await store.restart(running);
  return [again, decimals((performance.now() - start) / 1000, 1)];
}

async function infoMiB(client: Client, name: string): Promise<string> {
  const value = new RegExp(`${name}:(\\d+)`).exec(await client.call("INFO", "store"))?.[1];
  return value === undefined ? "-" : decimals(Number(value) / 2 ** 20, 0);
}

const HEAD = [
  "events beside",
  "1000 filled/s",
  "RSS, MiB",
  "memory_bytes, MiB",
  "push, pop, ack: us/op",
  "p50 / p99 ms",
  "with tokens: us/op",
  "p50 / p99 ms",
  "delayed event: us",
  "its push: p50 / p99 ms",
  "restart, s",
  "then RSS, MiB",
];

async function measure(store: Store, state: string, events: number): Promise<string[]> {
  let running = await store.start();
  let client = await Client.connect(running.port);
  const start = performance.now();
  await fills[state]!(client, events);
  const rate = events / (performance.now() - start);
  const row = [`${events.toLocaleString("en")} ${state}`, decimals(rate, 1), sizes(running)];
  row.push(await infoMiB(client, "memory_bytes"));
  for (const dialect of ["okq", "okq-tokens"] as const) {
    const load = { dialect, port: running.port, connections: 50, queueName: QUEUE };
    const before = cpuOf(running);
    const { operationsTotal, all } = await runLoad({ ...load, measureMs: 3000 });
    row.push(decimals((cpuOf(running) - before) / operationsTotal, 1));
    row.push(`${milliseconds(all.p50Ms)} / ${milliseconds(all.p99Ms)}`);
  }
  row.push(...(await costOfDelayed(running, client)));
  client.close();
  const [again, seconds] = await restartSeconds(store, running);
  running = again;
  client = await Client.connect(running.port);
  await client.call("PING");
  client.close();
  row.push(seconds, sizes(running));
  await servers.stop();
  return row;
}

/** What others notice while all events become ready: the latencies of a push, a pop and an ack. */
async function dueAtOnce(name: string, store: Store, events: number): Promise<string[]> {
  const running = await store.start();
  const client = await Client.connect(running.port);
  const dueAtMs = Math.ceil(Date.now() + (events / PUSHED_PER_SECOND_MIN) * 1000 + 5_000);
  await pushDelayed(client, events, dueAtMs / 1000);
  if (Date.now() > dueAtMs - 1000) throw new Error("the events were due before all were pushed");
  const [before, during] = [new Latencies(), new Latencies()];
  const cycle = async () => {
    await client.call("QPUSH", "other", CONTENTS, "ID", "one");
    await client.call("QPOP", "FROM", "other");
    await client.call("QACK", "other", "one");
  };
  while (Date.now() < dueAtMs) {
    await timed(before, cycle);
    await Bun.sleep(1);
  }
  const startCpu = cpuOf(running);
  for (let isOver = false, lookedAtMs = 0; !isOver;) {
    await timed(during, cycle);
    await Bun.sleep(1);
    if (Date.now() - lookedAtMs < 500) continue;
    lookedAtMs = Date.now();
    isOver = (await client.call("QSTATS", QUEUE)).includes(`ready\r\n:${events}\r\n`);
  }
  const seconds = (Date.now() - dueAtMs) / 1000;
  const us = (cpuOf(running) - startCpu) / events;
  client.close();
  const row = [`${name}, ${events.toLocaleString("en")} due at once`, decimals(seconds, 1)];
  for (const latencies of [before, during]) {
    const { p50Ms, p99Ms, maxMs } = latencies.quantiles();
    row.push([p50Ms, p99Ms, maxMs].map(milliseconds).join(" / "));
  }
  row.push(decimals(us, 1), sizes(running));
  await servers.stop();
  return row;
}

async function main(): Promise<void> {
  const names = positionals.length > 0 ? positionals : Object.keys(stores);
  const due: string[][] = [];
  for (const name of names) {
    const store = stores[name];
    if (!store) throw new Error(`unknown store ${name}: ${Object.keys(stores).join(", ")}`);
    const rows: string[][] = [];
    const kept = Math.ceil(most / 5);
    for (const [state, events] of [
      ["delayed", FEW],
      ["delayed", most],
      ["failed", kept],
      ["completed", kept],
    ] as const) {
      console.error(`${name}: ${events} ${state}`);
      rows.push(await measure(store, state, events));
    }
    console.log(`\n## ${name}\n\n${table(HEAD, rows)}`);
    console.error(`${name}: ${most} due at once`);
    due.push(await dueAtOnce(name, store, most));
  }
  const quantiles = "p50 / p99 / max ms";
  const head = ["", "ready after s", `a cycle before: ${quantiles}`, `meanwhile: ${quantiles}`];
  console.log(`\n## Due at one moment\n\n${table([...head, "us / event", "RSS, MiB"], due)}`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await servers.stop();
  process.exit();
}
