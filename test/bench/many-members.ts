// Measures a counter of a million members: what a member costs, and what other clients notice while
// members are counted, while the counter ends and while it is deleted.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { Client } from "./client.ts";
import type { Running } from "./contenders.ts";
import { Latencies } from "./latencies.ts";
import { cpuOf, inBatches, infoMiB, type ManyStore, restartSeconds } from "./many-stores.ts";
import { shownQuantiles, sizes, timed } from "./many-stores.ts";
import { decimals, table } from "./table.ts";

/** The most that a counter takes. */
const MEMBERS = 1_000_000;
const QUEUE = "many";
const BATCH = 500;
/** How long others are watched after a counter is gone. */
const WATCHED_MS = 3_000;

/** What a cycle on another queue takes until the work is done. */
async function beside(running: Running, work: () => Promise<unknown>): Promise<string> {
  const client = await Client.connect(running.port);
  const latencies = new Latencies();
  const cycle = async () => {
    await client.call("QPUSH", "other", "contents", "ID", "one");
    await client.call("QPOP", "FROM", "other");
    await client.call("QACK", "other", "one");
  };
  await cycle();
  const working = work().then(() => "done");
  do await timed(latencies, cycle);
  while ((await Promise.race([working, Bun.sleep(1)])) !== "done");
  client.close();
  return shownQuantiles(latencies.quantiles());
}

async function init(client: Client, members: number): Promise<void> {
  await client.call("QCOUNTER", "INIT", QUEUE, "key", `${members}`, "THEN", "all done");
}

const count = (client: Client, members: number) =>
  inBatches(members, BATCH, (first, batch) => {
    const done = (_: unknown, n: number) =>
      client.call("QCOUNTER", "DONE", QUEUE, "key", `member-${first + n}`);
    return Promise.all(Array.from({ length: batch }, done));
  });

async function measure(store: ManyStore, members: number): Promise<string[]> {
  let running = await store.start();
  let client = await Client.connect(running.port);
  const idle = await beside(running, () => Bun.sleep(WATCHED_MS));
  await init(client, members);
  const [start, cpu] = [performance.now(), cpuOf(running)];
  const counting = await beside(running, () => count(client, members - 1));
  const rate = members / (performance.now() - start);
  const us = (cpuOf(running) - cpu) / members;
  const row = [members.toLocaleString("en"), decimals(rate, 1), decimals(us, 1), sizes(running)];
  row.push(await infoMiB(client, "memory_bytes"), idle, counting);
  client.close();
  const [again, seconds] = await restartSeconds(store, running);
  running = again;
  client = await Client.connect(running.port);
  row.push(seconds, sizes(running));
  const end = (call: () => Promise<string>) =>
    beside(running, async () => {
      await call();
      await Bun.sleep(WATCHED_MS);
    });
  const last = () => client.call("QCOUNTER", "DONE", QUEUE, "key", "the last");
  row.push(await end(last));
  await client.call("QDEL", QUEUE, "key");
  await init(client, members);
  await count(client, members - 1);
  row.push(await end(() => client.call("QCOUNTER", "DEL", QUEUE, "key")));
  client.close();
  await store.stop();
  return row;
}

const cycle = "p50 / p99 / max ms of a cycle";
const HEAD = ["members", "1000 counted/s", "us", "RSS, MiB", "memory_bytes, MiB"];
const TIMES = [`idle: ${cycle}`, "counting", "restart, s", "then RSS, MiB", "end", "deletion"];

export async function measureMembers(stores: ManyStore[], members: number | null): Promise<void> {
  for (const store of stores) {
    const rows: string[][] = [];
    for (const each of [1_000, members ?? MEMBERS]) {
      console.error(`${store.name}: ${each} members`);
      rows.push(await measure(store, each));
    }
    console.log(`\n## ${store.name}\n\n${table([...HEAD, ...TIMES], rows)}`);
  }
}
