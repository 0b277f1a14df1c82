// Resident memory: at start, with a long backlog, after draining it, and with idle connections.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import type { Socket } from "bun";
import { Client } from "./client.ts";
import { startOkqInMemory, startOkqOnRedis, type Running } from "./contenders.ts";
import { runLoad } from "./load-run.ts";
import { isSelected, type Plan, type Section, type Verdict } from "./plan.ts";
import { rssMiB } from "./servers.ts";
import { decimals, table } from "./table.ts";

const EVENTS = 1_000_000;
const IDLE_CONNECTIONS = 5_000;
const SETTLE_MS = 20_000;
const SETTLE_MS_MIN = 3_000;
const ABOVE_START_MIB = 50;

const stores = [
  { name: "okq-redis", label: "okq on Redis", start: startOkqOnRedis },
  { name: "okq-memory", label: "okq in memory", start: startOkqInMemory },
];

type Store = (typeof stores)[number];

/** Resident MiB of each process; the process that clients talk to comes first. */
const sizes = ({ processes }: Running) => processes.map(({ pid }) => rssMiB(pid));
const show = (all: number[]) => all.map((size) => decimals(size, 0)).join(" + ");

/** Waits until memory has settled. Returns the seconds until okq was near its size at the start. */
async function settle(running: Running, startMiB: number): Promise<number> {
  const begin = performance.now();
  const okqMiB = () => rssMiB(running.processes[0]!.pid);
  while (performance.now() - begin < SETTLE_MS) {
    if (okqMiB() <= startMiB + ABOVE_START_MIB) break;
    await Bun.sleep(100);
  }
  const seconds = (performance.now() - begin) / 1000;
  await Bun.sleep(SETTLE_MS_MIN);
  return seconds;
}

interface Backlog {
  row: string[];
  aboveStartMiB: number;
}

async function backlog(plan: Plan, store: Store): Promise<Backlog> {
  const running = await store.start(plan.servers, plan.okq);
  await Bun.sleep(500);
  const events = plan.isQuick ? EVENTS / 10 : EVENTS;
  const load = { dialect: running.dialect, port: running.port, queueName: "backlog" };
  const window = { connections: 16, inFlight: 64, contentsBytes: 100 };
  const start = sizes(running);
  const fill = await runLoad({ ...load, ...window, plan: "fill", events });
  const full = sizes(running);
  const drain = await runLoad({ ...load, ...window, plan: "drain" });
  if (fill.pushes !== events || drain.pops !== events) {
    throw new Error(`${store.name}: pushed ${fill.pushes}, popped ${drain.pops} of ${events}`);
  }
  const drained = sizes(running);
  const seconds = await settle(running, start[0]!);
  const settled = sizes(running);
  await plan.servers.stop();
  const grown = full.reduce((sum, size, n) => sum + size - start[n]!, 0);
  const row = [
    `${store.label}, ${events.toLocaleString("en")} events`,
    ...[start, full].map(show),
    decimals((grown * 1024 * 1024) / events, 0),
    show(drained),
    `${show(settled)} (${seconds * 1000 < SETTLE_MS ? decimals(seconds, 1) : "over 20"} s)`,
    decimals(fill.operationsPerSecond / 1000, 0),
    decimals(drain.operationsPerSecond / 1000, 0),
  ];
  return { row, aboveStartMiB: settled[0]! - start[0]! };
}

async function idle(plan: Plan, store: Store): Promise<string[]> {
  const running = await store.start(plan.servers, plan.okq);
  await Bun.sleep(500);
  const start = sizes(running);
  const sockets: Socket[] = [];
  let closed = 0;
  const handlers = { data() {}, close: () => void closed++ };
  while (sockets.length < IDLE_CONNECTIONS) {
    const some = Array.from({ length: 100 }, () =>
      Bun.connect({ hostname: "127.0.0.1", port: running.port, socket: handlers }),
    );
    sockets.push(...(await Promise.all(some)));
  }
  const client = await Client.connect(running.port);
  await client.call("PING");
  await Bun.sleep(500);
  if (closed > 0) throw new Error(`${store.name} closed ${closed} idle connections`);
  const full = sizes(running);
  for (const socket of sockets) socket.end();
  client.close();
  await Bun.sleep(1000);
  const row = [store.label, show(start), show(full), show(sizes(running))];
  row.push(decimals(((full[0]! - start[0]!) * 1024) / IDLE_CONNECTIONS, 1));
  await plan.servers.stop();
  return row;
}

export const memory: Section = {
  name: "memory",
  run: async (plan, print) => {
    const verdicts: Verdict[] = [];
    const backlogs: string[][] = [];
    const idles: string[][] = [];
    for (const store of stores) {
      if (!isSelected(plan, "memory", store.name)) continue;
      plan.say(`memory ${store.label}`);
      const { row, aboveStartMiB } = await backlog(plan, store);
      backlogs.push(row);
      idles.push(await idle(plan, store));
      verdicts.push({
        text: `${store.label}: MiB above start after a drain`,
        measured: aboveStartMiB,
        target: `at most ${ABOVE_START_MIB}`,
        isReached: aboveStartMiB <= ABOVE_START_MIB,
      });
    }
    if (backlogs.length === 0) return [];
    const head = [
      "RSS in MiB, okq + Redis",
      "start",
      "full",
      "bytes / event",
      "drained",
      "settled",
    ];
    head.push("1000 push/s", "1000 pop/s");
    const idleHead = ["RSS in MiB, okq + Redis", "start", `${IDLE_CONNECTIONS} idle connections`];
    idleHead.push("after they closed", "KiB / connection");
    print(`\n## Memory\n\n${table(head, backlogs)}\n\n${table(idleHead, idles)}`);
    return verdicts;
  },
};
