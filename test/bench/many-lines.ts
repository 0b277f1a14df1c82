// Measures what a long line costs: a million waiting events in one priority, in many of them, in
// 100,000 groups and in one group, beside a thousand. No operation may become slower by more than
// the logarithm of the length.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { bulks, Client } from "./client.ts";
import type { Running } from "./contenders.ts";
import { Latencies } from "./latencies.ts";
import { cpuOf, inBatches, infoMiB, type ManyStore, restartSeconds } from "./many-stores.ts";
import { shownQuantiles, sizes, timed } from "./many-stores.ts";
import { decimals, table } from "./table.ts";

const EVENTS = 1_000_000;
const FEW = 1_000;
const QUEUE = "many";
const CONTENTS = Buffer.alloc(100, "contents ");
const BATCH = 1_000;
/** Of each kind, one after the other. */
const OPERATIONS = 2_000;
const WARM_UP = 20_000;
/** Steps of this size through the events meet each one at most once. */
const STRIDE = 7_919;

/** The options of the n-th push, by the kind of line. */
const lines: Record<string, (n: number) => string[]> = {
  plain: () => [],
  "one priority": () => ["PRIORITY", "5"],
  // Most of them in few priorities.
  "uneven priorities": (n) => ["PRIORITY", `${Math.floor(1000 * Math.random() ** 8) - (n % 2)}`],
  "1,000 priorities": (n) => ["PRIORITY", `${(n % 1000) - 500}`],
  "100,000 groups": (n) => ["GROUP", `group-${n % 100_000}`],
  "one group": () => ["GROUP", "one"],
};

const KINDS = ["push", "pop", "fail", "set priority", "delete", "ack"] as const;
type Kind = (typeof KINDS)[number];

/** Hot functions are compiled by then. */
async function warmUp(client: Client, line: string): Promise<void> {
  await inBatches(WARM_UP, 100, (first, count) => {
    const cycle = async (_: unknown, n: number) => {
      await client.call("QPUSH", "warm", CONTENTS, ...lines[line]!(first + n));
      const id = bulks(await client.call("QPOP", "FROM", "warm"))[1];
      if (id === undefined) return;
      await client.call("QFAIL", "warm", id, "*", "DELAY", "0");
      await client.call("QDEL", "warm", id);
    };
    return Promise.all(Array.from({ length: count }, cycle));
  });
  await client.call("QFLUSH", "warm");
}

/** The latencies of one kind of operation, and its processor time. */
class Part {
  readonly latencies = new Latencies();
  cpu = 0;

  /** Does it as often as that. */
  async times(running: Running, count: number, call: (n: number) => Promise<unknown>) {
    const before = cpuOf(running);
    for (let n = 0; n < count; n++) await timed(this.latencies, () => call(n));
    this.cpu += cpuOf(running) - before;
  }

  get shown(): string {
    const quantiles = this.latencies.quantiles();
    if (quantiles.count === 0) return "-";
    return `${decimals(this.cpu / quantiles.count, 0)}; ${shownQuantiles(quantiles)}`;
  }
}

/** The kinds of operations take turns, so that pops find events and groups can go again. */
async function operations(
  running: Running,
  client: Client,
  line: string,
  events: number,
): Promise<string[]> {
  const options = lines[line]!;
  const parts = Object.fromEntries(KINDS.map((kind) => [kind, new Part()])) as Record<Kind, Part>;
  const next = () => client.call("QPOP", "FROM", QUEUE).then((reply) => bulks(reply)[1]!);
  const push = (n: number) =>
    client.call("QPUSH", QUEUE, CONTENTS, "ID", `new-${n}`, ...options(n));
  await parts.push.times(running, OPERATIONS, push);
  // One group hands out one event at a time.
  const atOnce = line === "one group" ? 1 : 50;
  for (let done = 0; done < OPERATIONS; done += atOnce) {
    const popped: string[] = [];
    const pop = async () => popped.push(await next());
    await parts.pop.times(running, atOnce, pop);
    const fail = (n: number) => client.call("QFAIL", QUEUE, popped[n]!, "*", "DELAY", "0");
    await parts.fail.times(running, atOnce, fail);
    popped.length = 0;
    await parts.pop.times(running, atOnce, pop);
    await parts.ack.times(running, atOnce, (n) => client.call("QACK", QUEUE, popped[n]!));
  }
  const some = (n: number) => `event-${(n * STRIDE) % events}`;
  const count = Math.min(OPERATIONS, events / 4);
  const setPriority = (n: number) =>
    client.call("QSET", QUEUE, some(n), "PRIORITY", `${(n % 1999) - 999}`);
  if (!line.includes("group")) await parts["set priority"].times(running, count, setPriority);
  const remove = (n: number) => client.call("QDEL", QUEUE, some(n + count));
  await parts.delete.times(running, count, remove);
  return KINDS.map((kind) => parts[kind].shown);
}

async function measure(store: ManyStore, line: string, events: number): Promise<string[]> {
  const running = await store.start();
  const client = await Client.connect(running.port);
  await client.call("QCONFIG", QUEUE, "backoff", "none");
  await warmUp(client, line);
  const [start, cpu] = [performance.now(), cpuOf(running)];
  await inBatches(events, BATCH, (first, count) => {
    const push = (_: unknown, n: number) => {
      const id = `event-${first + n}`;
      return client.call("QPUSH", QUEUE, CONTENTS, "ID", id, ...lines[line]!(first + n));
    };
    return Promise.all(Array.from({ length: count }, push));
  });
  const rate = events / (performance.now() - start);
  const row = [`${line}, ${events.toLocaleString("en")}`, decimals(rate, 1)];
  row.push(decimals((cpuOf(running) - cpu) / events, 1), sizes(running));
  row.push(await infoMiB(client, "memory_bytes"));
  row.push(...(await operations(running, client, line, events)));
  client.close();
  const [again, seconds] = await restartSeconds(store, running);
  row.push(seconds, sizes(again));
  await store.stop();
  return row;
}

const HEAD = ["line", "1000 pushed/s", "us/push", "RSS, MiB", "memory_bytes, MiB"];

/** Of lines whose name contains that word. */
export async function measureLines(
  stores: ManyStore[],
  events: number | null,
  word: string,
): Promise<void> {
  for (const store of stores) {
    const rows: string[][] = [];
    for (const line of Object.keys(lines).filter((name) => name.includes(word))) {
      for (const count of [FEW, events ?? EVENTS]) {
        console.error(`${store.name}: ${line}, ${count}`);
        rows.push(await measure(store, line, count));
      }
    }
    const kinds = KINDS.map((kind) => `${kind}: us; p50 / p99 / max ms`);
    const head = [...HEAD, ...kinds, "restart, s", "then RSS, MiB"];
    console.log(`\n## ${store.name}\n\n${table(head, rows)}`);
  }
}
