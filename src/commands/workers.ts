// QWORKERS: who holds claims, and who waits for events.
import { partsOf } from "../queue/claimant.ts";
import type { WaitingClient } from "../queue/waiting-notes.ts";
import { Pairs, type Reply } from "../resp/reply.ts";
import { argumentReader } from "./arguments.ts";
import type { Consumer } from "../queue/consumer.ts";
import type { Caller } from "./caller.ts";
import type { Call, RunCommand } from "./command.ts";
import type { Context } from "./context.ts";
import { commandError } from "./errors.ts";
import { statusOfAll } from "./inspect.ts";
import { secondsText } from "../queue/durations.ts";
import { EVERYTHING, LISTED_DEFAULT, pagesOf } from "./selection.ts";

/** To ask for the time of the store. */
const ANY_QUEUE = Buffer.from("queue");
/** Different workers that one call finds. The others do not appear. */
const WORKERS_MAX = 10_000;
/** Queues that are named for each. */
const HOLDING_MAX = 100;

interface Worker {
  okq: string;
  client: string;
  name: Buffer;
  claims: number;
  oldestMs: number;
  /** The queues of its claims. */
  holds: Set<Buffer>;
  waitsFor: Buffer[];
}

/** By an order in which a cursor stands for a place. */
type Workers = Map<string, Worker>;

function keyOf({ okq, client, name }: Pick<Worker, "okq" | "client" | "name">): string {
  return `${name.toString("latin1")} ${okq} ${client}`;
}

function workerOf(workers: Workers, who: Pick<Worker, "okq" | "client" | "name">): Worker | null {
  const key = keyOf(who);
  let worker = workers.get(key);
  if (!worker && workers.size < WORKERS_MAX) {
    worker = { ...who, claims: 0, oldestMs: Infinity, holds: new Set(), waitsFor: [] };
    workers.set(key, worker);
  }
  return worker ?? null;
}

/** The queues that the user may see and in which events are claimed; or that one. */
async function* queuesOf(client: Caller, only: Buffer | null): AsyncGenerator<Buffer> {
  if (only) return yield only;
  for await (const page of statusOfAll(client)) {
    for (const { queue, claimed } of page) if (claimed > 0) yield queue;
  }
}

async function addClaims(workers: Workers, queue: Buffer, client: Caller): Promise<void> {
  const search = {
    queue,
    state: "claimed",
    selection: EVERYTHING,
    count: Infinity,
  } as const;
  for await (const page of pagesOf(search, client)) {
    for (const { claimant, claimedAtMs } of page) {
      if (!claimant) continue;
      const [okq, id, name] = partsOf(claimant);
      const who = { okq: String(okq), client: String(id), name: Buffer.from(name) };
      const worker = workerOf(workers, who);
      if (!worker) continue;
      worker.claims += 1;
      if (worker.holds.size < HOLDING_MAX) worker.holds.add(queue);
      worker.oldestMs = Math.min(worker.oldestMs, claimedAtMs ?? Infinity);
    }
  }
}

/** The clients of this okq that wait for events: a row for each worker of a client. */
export function* waitingClients({
  processId: okq,
  clients,
  visitors,
}: Pick<Context, "processId" | "clients" | "visitors">): Generator<WaitingClient> {
  // Requests of one client share a consumer.
  const seen = new Set<Consumer>();
  for (const callers of [clients.values(), visitors]) {
    for (const { id, consumer } of callers) {
      if (!consumer.isWaiting || seen.has(consumer)) continue;
      seen.add(consumer);
      for (const [worker, queues] of awaitedBy(consumer)) {
        yield { okq, client: String(id), worker, queues: [...queues] };
      }
    }
  }
}

/** The queues on which the consumer waits, by the name of the worker. */
function awaitedBy({ awaited }: Consumer): Map<string, Set<string>> {
  const byWorker = new Map<string, Set<string>>();
  for (const { worker, queues } of awaited) {
    if (worker === null) continue;
    const names = byWorker.get(worker) ?? new Set();
    for (const queue of queues) names.add(queue.toString("latin1"));
    byWorker.set(worker, names);
  }
  return byWorker;
}

/** Clients that wait for events of that queue, or of any that the user may see. */
async function addWaiting(
  workers: Workers,
  call: Call<Caller>,
  only: Buffer | null,
): Promise<void> {
  const { user } = call.client;
  const { waitingNotes } = call.context;
  const isShown = (queue: Buffer) => (only ? only.equals(queue) : user!.mayUse(queue));
  const all = [...waitingClients(call.context), ...(await waitingNotes.others())];
  for (const { okq, client, worker: name, queues } of all) {
    const waitsFor = queues.map((queue) => Buffer.from(queue, "latin1")).filter(isShown);
    if (waitsFor.length === 0) continue;
    const worker = workerOf(workers, { okq, client, name: Buffer.from(name, "latin1") });
    if (worker) worker.waitsFor = waitsFor;
  }
}

function rowOf(worker: Worker, nowMs: number): Pairs {
  const { okq, client, name, claims, oldestMs, holds, waitsFor } = worker;
  const age = secondsText(Math.max(0, nowMs - oldestMs));
  const entries: [string, Reply][] = [
    ["worker", name.length > 0 ? name : null],
    ["client", client],
    ["okq", okq],
    ["claims", claims],
    ["oldest-claim-seconds", Number.isFinite(oldestMs) ? age : null],
    ["holding", holds.size > 0 ? [...holds] : null],
    ["waiting", waitsFor.length > 0 ? waitsFor : null],
  ];
  return Pairs.withoutNil(entries);
}

const name = "QWORKERS";
const OPTIONS = "[AFTER cursor] [COUNT count]";
const { options } = argumentReader(name, OPTIONS);

/** The queue that was named. All options have a value, so the number of arguments shows it. */
function queueOf({ args, client: { user } }: Call<Caller>): Buffer | null {
  if (args.length % 2 === 1) return null;
  const queue = args[1]!;
  if (user!.mayUse(queue)) return queue;
  throw commandError("noQueueRight", { user: user!.name, queue });
}

const command: RunCommand<Caller, Context> = {
  name,
  syntax: `[queue-name] ${OPTIONS}`,
  summary:
    "[next cursor or nil, maps] of the clients that hold claims with a token, in one queue or " +
    "in all, up to COUNT (100): worker, client, okq (the process), claims, " +
    "oldest-claim-seconds, holding (the queues, up to 100); and of the clients that wait for " +
    "events: waiting (the queues). Those of other okq processes are shown about a second late " +
    "(half a minute, of one that was killed), and at most 1,000 of each.",
  group: "queue",
  access: "inspect",
  since: "0.1.0",
  flags: ["readonly"],
  isExclusive: true,
  async run(call) {
    const { args, client } = call;
    const queue = queueOf(call);
    const { AFTER, COUNT = LISTED_DEFAULT } = options(queue ? args.toSpliced(1, 1) : args);
    const workers: Workers = new Map();
    for await (const each of queuesOf(client, queue)) await addClaims(workers, each, client);
    await addWaiting(workers, call, queue);
    const after = AFTER?.toString("latin1");
    const left = [...workers].filter(([key]) => after === undefined || key > after);
    const page = left.toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, COUNT);
    const { nowMs } = await client.session.ask({
      kind: "stats",
      queue: queue ?? ANY_QUEUE,
      isWhole: false,
    });
    const next = left.length > COUNT ? Buffer.from(page.at(-1)![0], "latin1") : null;
    return [next, page.map(([, worker]) => rowOf(worker, nowMs))];
  },
};

export const workerCommands = [command];
