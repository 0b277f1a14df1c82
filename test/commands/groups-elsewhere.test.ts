// A client waits at one okq, and what lets a group go on happens at another one: the message about
// it wakes the client. The clock of its okq stands still, so that okq looks for nothing by itself.
// oxlint-disable no-await-in-loop -- one case after the other
import { describe, expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, lasting } from "../support/eventually.ts";
import {
  onEmpty,
  startTestOkq,
  startTestRedis,
  type TestOkq,
  useCluster,
} from "../support/okq-server.ts";
import { ask, type Readable, readable } from "../support/readable.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { TestClock } from "../support/test-clock.ts";
import type { Argument, Wire } from "../support/wire.ts";

useCluster();

const HOUR = 3600;

/** A command; "q" stands for the queue, "r" for another one, "$" for the token of the claim. */
type Command = Argument[];

interface Case {
  /** Done before two events of a group are pushed and the first one is claimed. */
  first?: Command[];
  /** Done before the client waits. */
  before?: Command[];
  /** Lets the group go on. */
  lets: Command[];
  /** The event that the client gets: by default the second one. */
  gets?: string;
  after?: Command[];
}

const ack: Command = ["QACK", "q", "1", "TOKEN", "$"];
const redo: Command = [...ack, "REDO"];
const fail: Command = ["QFAIL", "q", "1", "$"];
const soonOver: Command = ["QTOUCH", "q", "1", "$", "LEASE", 0.3];
/** The first event waits for its next attempt. */
const held: Command[] = [[...fail, "DELAY", HOUR]];
/** The queue is empty. */
const empty: Command[] = [["QDEL", "q", "2"], ack];
const group: Command = ["GROUP", "g"];
const own: Command = ["QGROUP", "q", "g"];

/** What lets a group with the limit 1 go on. */
const cases: Record<string, Case> = {
  "an acknowledgement": { lets: [ack] },
  "one without its token": { lets: [["QACK", "q", "1"]] },
  "a batch of acknowledgements": { lets: [["QMACK", "q", "1", "$"]] },
  "one with the next pop": { lets: [["QNEXT", "q", "1", "$", "FROM", "r"]] },
  "one in a transaction": { lets: [["MULTI"], ack, ["EXEC"]] },
  "a failure for good": { lets: [[...fail, "FINAL"]] },
  "a failure without a backoff": { lets: [[...fail, "DELAY", 0]], gets: "1" },
  "the end of a backoff": { lets: [[...fail, "DELAY", 0.2]], gets: "1" },
  "an event that is handed back": { lets: [redo], gets: "1" },
  "one that is handed back for later": { lets: [[...redo, "DELAY", 0.2]], gets: "1" },
  "the end of a lease": { lets: [soonOver], gets: "1" },
  "the last attempt": { first: [["QCONFIG", "q", "max-attempts", 1]], lets: [fail] },
  "the last crash": { first: [["QCONFIG", "q", "max-crashes", 1]], lets: [soonOver] },
  "a failure after a cancel": { lets: [["QCANCEL", "q", "1"], fail] },
  "a higher limit of the group": { lets: [[...own, "LIMIT", 2]] },
  "the limit of the queue": {
    first: [
      [...own, "LIMIT", 1],
      ["QCONFIG", "q", "group-limit", 2],
    ],
    lets: [[...own, "LIMIT", "DEFAULT"]],
  },
  "a higher limit of all groups": { lets: [["QCONFIG", "q", "group-limit", 0]] },
  "a higher limit of all queues": {
    lets: [["QDEFAULT", "group-limit", 2]],
    after: [["QDEFAULT", "group-limit", 1]],
  },
  "the deletion of an event that waits": { before: held, lets: [["QDEL", "q", "1"]] },
  "its purge": { before: held, lets: [["QPURGE", "q", "delayed"]] },
  "its cancel": { before: held, lets: [["QCANCEL", "q", "1"]] },
  "its move to another queue": { before: held, lets: [["QMOVE", "q", "r", "IDS", "1"]] },
  "its retry": { before: held, lets: [["QRETRY", "q", "IDS", "1"]], gets: "1" },
  "its new due time": { before: held, lets: [["QSET", "q", "1", "DELAY", 0]], gets: "1" },
  "its end by a TTL": { before: held, lets: [["QSET", "q", "1", "TTL", 0.2]] },
  "the end of a pause of the group": {
    before: [["QPAUSE", "q", ...group], ack],
    lets: [["QRESUME", "q", ...group]],
  },
  "the time of such a pause": { before: [["QPAUSE", "q", "FOR", 0.5, ...group], ack], lets: [] },
  "the end of a pause of the queue": {
    before: [["QPAUSE", "q"], ack],
    lets: [["QRESUME", "q"]],
  },
  "the end of a pause of the worker": {
    before: [["QPAUSE", "q", "WORKER", "w"], ack],
    lets: [["QRESUME", "q", "WORKER", "w"]],
  },
  "the time of the group's rate": { first: [[...own, "RATE", "1/0.8"]], lets: [ack] },
  "the time of the rate of all groups": {
    first: [["QCONFIG", "q", "group-rate", "1/0.8"]],
    lets: [ack],
  },
  "the time of the queue's rate": { first: [["QCONFIG", "q", "rate", "1/0.8"]], lets: [ack] },
  "a higher rate": {
    first: [[...own, "RATE", "1/3600"]],
    before: [ack],
    lets: [[...own, "RATE", "2/3600"]],
  },
  "no rate": {
    first: [["QCONFIG", "q", "group-rate", "1/3600"]],
    before: [ack],
    lets: [["QCONFIG", "q", "RESET", "group-rate"]],
  },
  "room below max-claimed": { first: [["QCONFIG", "q", "max-claimed", 1]], lets: [ack] },
  "a push": { before: empty, lets: [["QPUSH", "q", "x", "ID", "3", ...group]], gets: "3" },
  "a push that is delayed": {
    before: empty,
    lets: [["QPUSH", "q", "x", "ID", "3", "DELAY", 0.2, ...group]],
    gets: "3",
  },
  "a move from another queue": {
    before: [...empty, ["QPUSH", "r", "x", "ID", "3", ...group]],
    lets: [["QMOVE", "r", "q", "IDS", "3"]],
    gets: "3",
  },
  "a failed event of another queue": {
    first: [["QCONFIG", "r", "failed-to", "q", "max-attempts", 1]],
    before: [
      ...empty,
      ["QPUSH", "r", "x", "ID", "3", ...group],
      ["QPOP", "LEASE", HOUR, "FROM", "r"],
    ],
    lets: [["QFAIL", "r", "3", "*"]],
    gets: "3",
  },
  "the end of a counter": {
    first: [["QCOUNTER", "INIT", "q", "key", 1, "THEN", "x", ...group]],
    before: empty,
    lets: [["QCOUNTER", "DONE", "q", "key", "m"]],
    gets: "key",
  },
};

/** The client does these commands, none of which is an error. */
async function all(client: Wire, commands: Command[], names: Record<string, string>) {
  for (const command of commands) {
    const reply = await ask(client, ...command.map((each) => names[String(each)] ?? each));
    if (String(reply).startsWith("-")) throw new Error(`${command.join(" ")}: ${String(reply)}`);
  }
}

async function blocked(client: Wire): Promise<number> {
  const info = String(await ask(client, "INFO", "clients"));
  return Number(/^blocked_clients:(\d+)/m.exec(info)![1]);
}

/** Resolves with a client that waits for events of that queue, and has found none. */
async function waitingFor(okq: TestOkq, queue: string): Promise<Wire> {
  const [client, observer] = [await okq.connect(), await okq.connect()];
  const before = await blocked(observer);
  client.pipeline(["QPOP", "WAIT", HOUR, "AS", "w", "FROM", queue]);
  await eventually(async () => (await blocked(observer)) > before);
  // The store does operations in their order.
  await ask(observer, "QSTATUS", queue);
  observer.close();
  return client;
}

async function run(here: TestOkq, there: TestOkq, at: number, each: Case): Promise<void> {
  const client = await there.connect();
  // In a cluster both are of one shard.
  const [q, r] = [`q{${at}}`, `r{${at}}`];
  await all(client, each.first ?? [], { q, r });
  for (const id of ["1", "2"]) await all(client, [["QPUSH", q, "x", "ID", id, ...group]], {});
  const popped = (await ask(client, "QPOP", "LEASE", HOUR, "FROM", q)) as Readable[][];
  const names = { q, r, $: String(popped[0]![3]) };
  await all(client, each.before ?? [], names);
  const waiter = await waitingFor(here, q);
  expect(waiter.waiting).toBe(0);
  await all(client, each.lets, names);
  const got = readable(await waiter.next()) as Readable[][];
  expect(got.map(([, id]) => id)).toEqual([each.gets ?? "2"]);
  await all(client, each.after ?? [], names);
  waiter.close();
  client.close();
}

describe.each(["redis", "cluster"] as const)("on %s", (store) => {
  test("a client is woken by what lets a group go on at another okq", async () => {
    const config = await onEmpty(store);
    const [here, there] = [await startTestOkq(config, new TestClock()), await startTestOkq(config)];
    for (const [at, [name, each]] of Object.entries(cases).entries()) {
      await run(here, there, at, each).catch((error: unknown) => {
        throw new Error(`not woken by ${name}`, { cause: error });
      });
    }
  });
});

test("however many clients wait for groups, Redis is looked at once a second", async () => {
  const redis = await startTestRedis();
  const proxy = closeAfterTest(TcpProxy.start(redis.port));
  const config = (port: number) => ({ store: "", redisAddr: `127.0.0.1:${port}` });
  const clock = new TestClock();
  const here = await startTestOkq(config(proxy.port), clock);
  const there = await (await startTestOkq(config(redis.port))).connect();
  for (let at = 0; at < 2; at++) {
    for (const name of ["a", "b"]) await ask(there, "QPUSH", "q", "x", "GROUP", name);
    await ask(there, "QPOP", "COUNT", 2, "LEASE", HOUR, "FROM", "q");
  }
  let requests = 0;
  /** In so many seconds of the okq at which they wait. */
  const requestsIn = async (seconds: number) => {
    requests = 0;
    proxy.onRequest = () => (requests += 1);
    for (let second = 0; second < seconds; second++) {
      clock.advance(1000);
      await lasting(50);
    }
    return requests;
  };
  await waitingFor(here, "q");
  await requestsIn(2);
  const ofOne = await requestsIn(10);
  for (let clients = 1; clients < 40; clients++) await waitingFor(here, "q");
  await requestsIn(2);
  const ofAll = await requestsIn(10);
  expect(ofOne).toBeGreaterThan(0);
  // On a slow machine looks are late, so the numbers differ; 40 clients would make 400 looks.
  expect(ofAll).toBeLessThan(3 * ofOne + 50);
  // While the clock stands still there is none, once the last look is over.
  await eventually(async () => {
    requests = 0;
    await lasting(1500);
    return requests === 0;
  });
});
