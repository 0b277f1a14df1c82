// Compares the headers of the Lua files with the calls from okq to Redis and with the replies.
import { emptyCounts } from "../../src/queue/queue-status.ts";
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NO_OPTIONS } from "../../src/queue/event.ts";
import { encodeHeaders } from "../../src/queue/headers.ts";
import type { Operation } from "../../src/queue/operations.ts";
import type { Session } from "../../src/queue/store.ts";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import type { Operation as LaneOperation, ResultOf } from "../../src/stores/redis/operation.ts";
import { full } from "../../src/stores/redis/full-verbs.ts";
import { smallLists } from "../../src/stores/redis/list-verbs.ts";
import { plain } from "../../src/stores/redis/plain-verbs.ts";
import { smallStreams } from "../../src/stores/redis/small-stream-verbs.ts";
import { tokens } from "../../src/stores/redis/token-verbs.ts";
import type { Argument, Encoding, ScriptReply } from "../../src/stores/redis/verb.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { Random } from "./random.ts";
import { RandomOperations } from "./random-operations.ts";
import { targetOf, ignoredCallbacks } from "./redis-targets.ts";
import { groupOperations, smallStreamOperations, streamOperations } from "./stream-operations.ts";
import { fitsArguments, fitsReply, headerOf } from "./script-header.ts";

const folder = join(import.meta.dir, "../../src/stores/redis");

interface Exchange {
  call: string[];
  reply: unknown;
}

/** The header that all verbs share. */
interface Verb {
  name: string;
  call(operations: unknown, encoding: Encoding): Argument[];
  results(reply: ScriptReply, operations: unknown): unknown[];
}

/** By the path of its file, each verb; those of one name are called with the same arguments. */
const verbs: [path: string, Verb][] = [
  ...Object.values(plain).map((verb) => [`plain/${verb.name}`, verb as unknown as Verb] as const),
  ...Object.values(tokens).map((verb) => [`tokens/${verb.name}`, verb as unknown as Verb] as const),
  ...smallLists.map(([part, verb]) => [`${part}/${verb.name}`, verb as Verb] as const),
  ...Object.values(smallStreams).map((verb) => [`tokens/${verb.name}`, verb as Verb] as const),
  ...Object.values(full).map((verb) => [`full/${verb.name}`, verb as unknown as Verb] as const),
].map(([path, verb]) => [path, verb]);

/** Records the calls and replies of each verb. Returns a function that stops recording. */
function listen(exchanges: Record<string, Exchange[]>): () => void {
  const undo: (() => void)[] = [];
  for (const [path, verb] of verbs) {
    const { call, results } = verb;
    const recorded = (exchanges[path] ??= []);
    let last: string[] = [];
    verb.call = (operations, encoding) => {
      const called = call(operations, encoding);
      last = called.map(String);
      return called;
    };
    verb.results = (reply, operations) => {
      recorded.push({ call: last, reply });
      return results(reply, operations);
    };
    undo.push(() => void Object.assign(verb, { call, results }));
  }
  return () => undo.forEach((each) => each());
}

const queue = Buffer.from("q");
const bytes = Buffer.from("x");
const claimant = Buffer.from("okq 1 worker");
const start = { afterMs: 60_000 };
const options = { ...NO_OPTIONS, headers: encodeHeaders([[bytes, bytes]]), backoff: "fixed 5" };

const changes = { kind: "set", queue, id: queue } as const;

/** On a queue that has nothing rare. */
const plainQueue = { queue: Buffer.from("plain") };
const token = Buffer.from("1-0");
const plainOptions = { ...NO_OPTIONS, headers: options.headers };
const plainOperations: Operation[] = [
  { ...plainQueue, kind: "push", end: "left", id: bytes, contents: bytes, options: plainOptions },
  { ...plainQueue, kind: "push", end: "right", id: null, contents: bytes, options: null },
  {
    ...plainQueue,
    kind: "pushBatch",
    end: "left",
    events: [{ id: queue, contents: bytes }],
    options: plainOptions,
  },
  {
    ...plainQueue,
    kind: "pushBatch",
    end: "left",
    events: [{ id: null, contents: bytes }],
    options: NO_OPTIONS,
  },
  { ...plainQueue, kind: "pop", leaseMs: 0, claimant },
  { ...plainQueue, kind: "pop", leaseMs: 1000, claimant },
  { kind: "popBatch", queues: [queue, plainQueue.queue], count: 5, leaseMs: null, claimant },
  { ...plainQueue, kind: "ack", id: bytes, token, result: bytes },
  { ...plainQueue, kind: "ackBatch", claims: [{ id: bytes, token }] },
  { ...plainQueue, kind: "redo", id: bytes, token, start: null },
  { ...plainQueue, kind: "touch", id: bytes, token, leaseMs: 5, progress: null, log: null },
  { ...plainQueue, kind: "touchBatch", claims: [{ id: bytes, token }], leaseMs: null },
];

const cron = { queue, name: bytes };
const fire = { ...cron, kind: "cronFire", version: "v1", nextAtMs: 2, firesAtMs: 1 } as const;
const cronPush = { end: "left", id: Buffer.from("x@1"), contents: bytes, options } as const;
const cronOperations: Operation[] = [
  { ...cron, kind: "cronSet", version: "v1", definition: bytes },
  { ...cron, kind: "cronSet", version: "v1", definition: bytes },
  { ...fire, expectedAtMs: null, push: null },
  { ...fire, expectedAtMs: 2, push: cronPush },
  { ...fire, expectedAtMs: 1, push: cronPush },
  { ...cron, kind: "cronGet" },
  { ...cron, kind: "cronGet", name: queue },
  { kind: "cronDue", limit: 5, parts: [0] },
  { kind: "cronQueues", after: null, limit: 1 },
  { kind: "cronQueues", after: bytes, limit: 5 },
  { queue, kind: "cronList", after: null, limit: 1 },
  { queue, kind: "cronList", after: Buffer.from("a"), limit: 5 },
  { ...cron, kind: "cronDelete" },
  { ...cron, kind: "cronDelete" },
];

const set = { queue: Buffer.from("set"), members: [bytes, queue, bytes] };
const setOperations: Operation[] = [
  { kind: "setAdd", ...set },
  { kind: "setContains", ...set },
  { kind: "setMembers", queue: set.queue, bytesMax: null },
  { kind: "setMembers", queue: set.queue, bytesMax: 1000 },
  { kind: "setCount", queue: set.queue },
  { kind: "setRemove", queue: set.queue, members: [bytes] },
  { kind: "setList", after: null, limit: 1 },
  { kind: "setList", after: bytes, limit: 5 },
  { kind: "setDrop", queue: set.queue },
];

const list = { queue: Buffer.from("list") };
const two = [bytes, queue];
const pushed = { kind: "listPush", end: "left", contents: two, ifThere: false } as const;
const listQueues = [list.queue];
const taken = { kind: "listPop", queues: listQueues, end: "left", count: 1 } as const;
const moved = { kind: "listMove", ...list, from: "left", target: queue, to: "right" } as const;
const beside = { kind: "listInsert", ...list, side: "before", pivot: bytes } as const;
const listOperations: Operation[] = [
  { ...pushed, ...list },
  { ...pushed, ...list, end: "right", contents: Array<Buffer>(600).fill(bytes) },
  { ...pushed, queue: bytes, ifThere: true },
  { kind: "listLength", ...list },
  { kind: "listRange", ...list, from: -2, to: 1000 },
  { kind: "listSet", ...list, index: -1, contents: bytes },
  { kind: "listSet", ...list, index: 1000, contents: bytes },
  { kind: "listSet", queue: bytes, index: 0, contents: bytes },
  { ...beside, contents: bytes },
  { ...beside, contents: bytes, pivot: Buffer.from("none") },
  taken,
  { ...taken, end: "right" },
  { ...taken, count: 2 },
  { ...taken, queues: [bytes, list.queue], end: "right" },
  moved,
  { ...moved, queue: Buffer.from("none") },
  { kind: "listRemove", ...list, contents: bytes, count: -1 },
  { kind: "listTrim", ...list, from: 1, to: 5 },
];

const counter = { queue, key: bytes };
const thenEvent = { contents: bytes, end: "left", options } as const;
const grouped = { ...options, group: bytes };

/** Some of each kind, so that each verb of the scripts is called. */
const operations: Operation[] = [
  { kind: "configure", queue: null, values: [["max-length", "1000"]] },
  { kind: "configure", queue, values: [["keep-completed", "2"]] },
  { kind: "configure", queue, values: [["ttl", null]] },
  { kind: "settings", queue },
  { kind: "settings", queue: null },
  { kind: "push", queue, end: "left", id: bytes, contents: bytes, options },
  { kind: "push", queue, end: "right", id: null, contents: bytes, options: { ...options, start } },
  { kind: "pushBatch", queue, end: "left", events: [{ id: bytes, contents: bytes }], options },
  { kind: "pushBatch", queue, end: "left", events: [{ id: null, contents: bytes }], options },
  { kind: "peek", queue, end: "left" },
  { kind: "ready", queues: [queue] },
  { kind: "pop", queue, leaseMs: null, claimant },
  { kind: "touch", queue, id: bytes, token: null, leaseMs: 5, progress: bytes, log: bytes },
  { kind: "touchBatch", queue, claims: [{ id: bytes, token: bytes }], leaseMs: null },
  { kind: "fail", queue, id: bytes, token: null, error: bytes, next: "final" },
  { kind: "get", queue, id: bytes, isWhole: true },
  { kind: "get", queue, id: queue, isWhole: false },
  { kind: "retry", queue, targets: [{ id: bytes, version: null }], end: "right" },
  { kind: "popBatch", queues: [queue], count: 5, leaseMs: null, claimant },
  { kind: "crash", queue, id: bytes, token: null },
  { kind: "redo", queue, id: bytes, token: null, start },
  ...(["ready", "delayed", "claimed", "failed", "completed"] as const).map(
    (state) =>
      ({
        kind: "scan",
        queue,
        state,
        after: null,
        limit: 1,
        isReverse: state === "ready",
        isWhole: state === "claimed",
      }) as const,
  ),
  { kind: "ack", queue, id: queue, token: null, result: null },
  { kind: "ackBatch", queue, claims: [{ id: bytes, token: null }] },
  { kind: "push", queue, end: "left", id: queue, contents: bytes, options: null },
  { ...changes, headers: [], contents: null, start, ttlMs: null, priority: null },
  { ...changes, headers: [[bytes, bytes]], contents: bytes, start: null, ttlMs: 5, priority: 1 },
  { kind: "cancel", queue, id: queue },
  { kind: "bind", queue, name: bytes },
  { kind: "unbind", queue, name: bytes },
  { kind: "cancel", queue, id: queue },
  { kind: "count", number: 1, settled: 1, counted: [{ queue, counts: emptyCounts() }] },
  { kind: "stats", queue, isWhole: true },
  { kind: "history", queue },
  { kind: "move", queue, target: bytes, targets: [{ id: bytes, version: null }] },
  { kind: "remove", queue, targets: [{ id: bytes, version: "none" }] },
  { kind: "pause", queue, directions: ["in", "out"], forMs: 5, worker: null, group: null },
  { kind: "pause", queue, directions: ["out"], forMs: null, worker: bytes, group: null },
  { kind: "resume", queue, directions: ["in", "out"], worker: null, group: null },
  { kind: "push", queue, end: "left", id: null, contents: bytes, options: grouped },
  { kind: "initCounter", ...counter, count: 2, ttlMs: 500, event: null },
  { kind: "initCounter", ...counter, count: 2, ttlMs: null, event: thenEvent },
  { kind: "countDown", ...counter, member: bytes },
  { kind: "countDown", queue, key: queue, member: bytes },
  { kind: "getCounter", ...counter },
  { kind: "getCounter", queue, key: queue },
  { kind: "listCounters", queue, after: null, limit: 5 },
  { kind: "listCounters", queue, after: bytes, limit: 5 },
  { kind: "dropCounter", ...counter },
  { kind: "setGroup", queue, group: bytes, values: [["limit", "2"]] },
  { kind: "group", queue, group: bytes },
  { kind: "groups", queue, after: null, limit: 5 },
  { kind: "list", after: null, limit: 2 },
  { kind: "list", after: Buffer.from("a"), limit: 1000 },
  ...cronOperations,
  ...setOperations,
  ...listOperations,
  ...streamOperations,
  ...groupOperations,
  { kind: "probe" },
];

/** A move between shards, as a lane gets it. */
async function moveApart(session: Session): Promise<void> {
  const ask = <O extends LaneOperation>(operation: O) =>
    session.ask(operation as never) as Promise<ResultOf<O>>;
  const targets = [{ id: queue, version: null }];
  await session.ask({ kind: "push", queue, end: "left", id: queue, contents: bytes, options });
  const copies = await ask({ kind: "copyOut", queue, targets: [...targets, ...targets] });
  expect(await ask({ kind: "copyOut", queue: bytes, targets })).toEqual([null]);
  const found = copies.filter((copy) => copy !== null);
  const added = await ask({ kind: "copyIn", queue: bytes, copies: found, owner: "x" });
  expect(added).toEqual(["added", "there"]);
  const { id, mark } = found[0]!;
  for (const isKept of [true, false]) {
    await ask({ kind: "settle", queue: bytes, copies: [{ id, mark, isKept }], owner: "x" });
  }
}

async function exchangesOfAllVerbs(): Promise<Record<string, Exchange[]>> {
  const { port } = await startTestRedis();
  const target = targetOf({ nodes: [{ host: "127.0.0.1", port }] });
  const store = closeAfterTest(
    await RedisStore.open({ target, poolSize: 1, onReady() {}, ...ignoredCallbacks }),
  );
  const exchanges: Record<string, Exchange[]> = {};
  const stopListening = listen(exchanges);
  try {
    const session = store.session();
    const random = new RandomOperations(new Random(1));
    for (let round = 0; round < 60; round++) {
      for (const operation of random.batch()) await session.ask(operation);
    }
    for (const leaseMs of [0, 1000]) {
      const undone = Buffer.from("undone");
      const push = { kind: "push", queue: undone, end: "left", options: null } as const;
      await session.ask({ ...push, id: undone, contents: undone });
      const popped = await session.ask({ kind: "pop", queue: undone, leaseMs, claimant: null });
      expect(await session.ask({ kind: "unpop", queue: undone, popped: popped! })).toBe(true);
    }
    for (const operation of plainOperations) await session.ask(operation);
    await Promise.all(plainOperations.map((operation) => session.ask(operation)));
    for (const operation of listOperations) await session.ask(operation);
    for (const operation of smallStreamOperations) await session.ask(operation);
    for (const operation of operations) await session.ask(operation);
    await moveApart(session);
    // One batch: the plain verbs that it has are done by the full script.
    await Promise.all(operations.map((operation) => session.ask(operation)));
  } finally {
    stopListening();
  }
  return exchanges;
}

test("every verb is called and replies as its header says", async () => {
  const exchanges = await exchangesOfAllVerbs();
  for (const [path, calls] of Object.entries(exchanges)) {
    const script = readFileSync(join(folder, `${path.replaceAll("_", "-")}.lua`), "utf8");
    const [argv, returns] = [headerOf(script, "ARGV"), headerOf(script, "Returns")];
    expect([path, calls.length > 0]).toEqual([path, true]);
    for (const { call, reply } of calls) {
      if (!fitsArguments(argv, call))
        throw new Error(`${path} is called with ${call}, not ${argv}`);
      if (!fitsReply(returns, reply)) throw new Error(`${path} returns ${reply}, not ${returns}`);
    }
  }
});

test.each([
  ["queue DONE|REDO id...", ["0", "DONE", "a", "b"], true],
  ["queue DONE|REDO id...", ["0", "LATER", "a"], false],
  ["queue DONE|REDO id...", ["0"], false],
  ["queue leaseMs count", ["0", "1000", "1"], true],
  ["queue leaseMs count", ["0", "soon", "1"], false],
  ["queue leaseMs count", ["0", "1000", "1", "more"], false],
  ["ttlMs (queue's name, count)...", ["20", "q", "1", "r", "2"], true],
  ["ttlMs (queue's name, count)...", ["20", "q", "1", "r"], false],
  ["", [], true],
  ["", ["x"], false],
])("compares a call with a header: %p called with %p fits: %p", (header, call, fits) => {
  expect(fitsArguments(header, call)).toBe(fits);
});

const text = Buffer.from("x");

test.each([
  ["nil", null, true],
  ["nil", 1, false],
  ["how many were moved", 1, true],
  ["how many were moved", [1], false],
  ["the places, from 1, of the ids", [1, 2], true],
  ["the places, from 1, of the ids", [text], false],
  ["id contents, or nil", [text, text], true],
  ["id contents, or nil", null, true],
  ["id contents, or nil", [text], false],
  ["id contents id contents ..., fewer than count", [text, text], true],
  ["id contents id contents ..., fewer than count", [text, text, text], false],
  ["next, then name total processing consumers for every queue", [null, text, 1, 1, 1], true],
  ["next, then name total processing consumers for every queue", [null, text, 1, 1], false],
  ["total processing consumers, one after the other for every queue", [1, 1, 1], true],
  ["total processing consumers, one after the other for every queue", [1, 1, text], false],
])("compares a reply with a header: %#", (header, reply, fits) => {
  expect(fitsReply(header, reply)).toBe(fits);
});
