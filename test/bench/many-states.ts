// Measures what millions of delayed, failed and completed events cost: memory, the operations
// beside them, a restart, and all of them due at one moment.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { Client } from "./client.ts";
import type { Running } from "./contenders.ts";
import { Latencies } from "./latencies.ts";
import { runLoad } from "./load-run.ts";
import { cpuOf, inBatches, infoMiB, type ManyStore, restartSeconds } from "./many-stores.ts";
import { shownQuantiles, sizes, timed } from "./many-stores.ts";
import { decimals, milliseconds, table } from "./table.ts";

const EVENTS = 5_000_000;
const QUEUE = "many";
const CONTENTS = Buffer.alloc(100, "contents ");
const BATCH = 1000;
const DELAYED_IN_A_ROW = 2_000;
const DELAYED_TOGETHER = 20_000;
/** Until the events are due at one moment: enough to push them all. */
const PUSHED_PER_SECOND_MIN = 25_000;
const FEW = 5_000;

const contents = (count: number) => Array.from({ length: count }, () => CONTENTS);

/** Delayed for one to three hours, or until that time. */
const pushDelayed = (client: Client, events: number, atSeconds?: number) =>
  inBatches(events, BATCH, (_, count) => {
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
  inBatches(events, BATCH, async (first, count) => {
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

async function measure(store: ManyStore, state: string, events: number): Promise<string[]> {
  let running = await store.start();
  const client = await Client.connect(running.port);
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
  row.push(seconds, sizes(running));
  await store.stop();
  return row;
}

/** What others notice while all events become ready: the latencies of a push, a pop and an ack. */
async function dueAtOnce(store: ManyStore, events: number): Promise<string[]> {
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
  const row = [`${store.name}, ${events.toLocaleString("en")} due at once`, decimals(seconds, 1)];
  for (const latencies of [before, during]) {
    row.push(shownQuantiles(latencies.quantiles()));
  }
  row.push(decimals(us, 1), sizes(running));
  await store.stop();
  return row;
}

export async function measureStates(stores: ManyStore[], events: number | null): Promise<void> {
  const most = events ?? EVENTS;
  const kept = Math.ceil(most / 5);
  const due: string[][] = [];
  for (const store of stores) {
    const rows: string[][] = [];
    for (const [state, count] of [
      ["delayed", FEW],
      ["delayed", most],
      ["failed", kept],
      ["completed", kept],
    ] as const) {
      console.error(`${store.name}: ${count} ${state}`);
      rows.push(await measure(store, state, count));
    }
    console.log(`\n## ${store.name}\n\n${table(HEAD, rows)}`);
    console.error(`${store.name}: ${most} due at once`);
    due.push(await dueAtOnce(store, most));
  }
  const quantiles = "p50 / p99 / max ms";
  const head = ["", "ready after s", `a cycle before: ${quantiles}`, `meanwhile: ${quantiles}`];
  console.log(`\n## Due at one moment\n\n${table([...head, "us / event", "RSS, MiB"], due)}`);
}
