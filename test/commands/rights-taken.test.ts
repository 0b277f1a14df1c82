// Rights that a user loses while its client listens, waits, or has queued a transaction. On Redis
// Cluster everything else happens at another okq, which knows nothing of these users.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startTestOkq, type TestOkq, useCluster, onEmpty } from "../support/okq-server.ts";
import { ask, askAll, type Readable, readable } from "../support/readable.ts";
import { subscribe, told } from "../support/subscriber.ts";
import { passwordOf, type UserLine, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

const WAITING_BYTES_MAX = 1024 * 1024;

interface Setup {
  okq: TestOkq;
  /** A client with all rights. */
  other: Wire;
  logIn(name: string): Promise<Wire>;
  /** The users from now on, besides the one with all rights. */
  change(...users: UserLine[]): Promise<void>;
}

async function setUp(store: "memory" | "cluster", ...users: UserLine[]): Promise<Setup> {
  const file = writeUsers("root all *", ...users);
  const own = { maxWaitingBytes: WAITING_BYTES_MAX };
  const config = store === "cluster" ? { ...(await onEmpty(store)), ...own } : own;
  const okq = await startTestOkq({ ...config, users: file.path });
  const logIn = async (name: string) => {
    const client = await okq.connect();
    expect(await ask(client, "AUTH", name, passwordOf(name))).toBe("+OK");
    return client;
  };
  const other =
    store === "cluster" ? await (await startTestOkq(config)).connect() : await logIn("root");
  return {
    okq,
    other,
    logIn,
    async change(...changed) {
      const loaded = () => okq.log.filter((line) => line.includes("users loaded")).length;
      const before = loaded();
      file.replace("root all *", ...changed);
      okq.reload();
      await eventually(() => loaded() > before);
    },
  };
}

/** How many events the other client has pushed to be heard. */
let pushed = 0;

/** Resolves when something that the other client does is heard, and nothing else was before. */
async function hears({ other }: Setup, listener: Wire, queue: string): Promise<void> {
  await eventually(async () => {
    await ask(other, "QPUSH", queue, "x", "ID", `heard ${++pushed}`);
    return listener.waiting > 0;
  });
  const [message] = await told(listener, 1);
  expect(message).toMatchObject({ event: "pushed", queue });
  // The other okq may have heard of this listener in between.
  let last = message!["id"];
  while (last !== `heard ${pushed}`) last = (await told(listener, 1))[0]!["id"];
}

/** How many events are in "q", and how many of them are claimed. */
async function countsOf({ other }: Setup): Promise<Readable[]> {
  const [counts] = (await ask(other, "QSTATUS", "q")) as Readable[][];
  return counts!.slice(1, 3);
}

/** Resolves when clients have begun these commands. */
async function begun({ logIn }: Setup, ...names: string[]): Promise<void> {
  const observer = await logIn("root");
  await eventually(async () => {
    const listed = String(await ask(observer, "CLIENT", "LIST"));
    return names.every((name) => listed.includes(` cmd=${name} `));
  });
}

describe.each(["memory", "cluster"] as const)("on %s", (store) => {
  test("a listener hears only of queues that it may still inspect", async () => {
    const setup = await setUp(store, "ann inspect *", "bob inspect *", "eve inspect *");
    const [ann, bob, eve] = await Promise.all(["ann", "bob", "eve"].map(setup.logIn));
    await ask(eve!, "HELLO", "3");
    await subscribe(ann!, "SUBSCRIBE", "okq:a", "okq:b");
    await subscribe(bob!, "PSUBSCRIBE", "okq:*");
    await subscribe(eve!, "PSUBSCRIBE", "okq:?");
    for (const listener of [ann!, bob!, eve!]) {
      await hears(setup, listener, "a");
      for (const each of [ann!, bob!, eve!]) await each.take(each.waiting);
    }
    await setup.change("ann inspect b", "bob inspect b", "eve push *");
    const events = ["1", "2"].flatMap((id) => ["a", "b"].map((q) => ["QPUSH", q, "x", "ID", id]));
    await askAll(setup.other, ...events, ["QPAUSE", "a"], ["QPOP", "FROM", "b"]);
    await askAll(setup.other, ["QPUSH", "b", "x", "ID", "last"]);
    for (const listener of [ann!, bob!]) {
      const heard: unknown[] = [];
      while (heard.at(-1) !== "last") {
        const [{ queue, id }] = (await told(listener, 1)) as [{ queue: string; id: string }];
        expect(queue).toBe("b");
        heard.push(id);
      }
    }
    expect(await ask(eve!, "PING")).toBe("+PONG");
    await setup.change("ann inspect *", "bob inspect *", "eve inspect a");
    await hears(setup, eve!, "a");
  });

  test("a queued transaction is judged by the rights of the moment", async () => {
    const all = "push,consume,inspect";
    const setup = await setUp(store, `ann ${all} *`, `bob ${all} *`, `eve ${all} *`);
    const clients = await Promise.all(["ann", "bob", "eve"].map(setup.logIn));
    const [ann, bob, eve] = clients as [Wire, Wire, Wire];
    await ask(ann, "HELLO", "3");
    await subscribe(ann, "SUBSCRIBE", "okq:q");
    await ask(setup.other, "QPUSH", "q", "x", "ID", "1");
    const ids = (await ask(setup.other, "QPOP", "LEASE", "60", "FROM", "q")) as string[][];
    const ack = ["QACK", "q", "1", "TOKEN", ids[0]![3]!];
    const steps = [["MULTI"], ["QPUSH", "q", "x", "ID", "2"], ack];
    for (const client of [ann, bob, eve]) client.pipeline(...steps);
    for (const client of [bob, eve]) await client.take(3);
    const queued = () => ask(setup.other, "PING");
    await queued();
    await setup.change("ann inspect *", "bob push,consume other*");
    const execs = [];
    for (const client of [ann, bob]) {
      client.pipeline(["EXEC"]);
      const replies = [];
      do replies.push(readable(await client.next()));
      while (!String(replies.at(-1)).startsWith("-EXECABORT"));
      execs.push(replies.at(-1));
    }
    const because = "-EXECABORT Transaction discarded because of: NOPERM User";
    expect(execs[0]).toStartWith(`${because} ann has no permissions to run the 'qpush' command`);
    expect(execs[1]).toStartWith(`${because} bob has no permissions to use the queue 'q'`);
    await eve.untilClosed();
    expect(await countsOf(setup)).toEqual([1, 1]);
    expect(await ask(setup.other, ...ack)).toBe(1);
  });

  test("what waits ends with nil, and takes nothing", async () => {
    const all = "push,consume,inspect *";
    const setup = await setUp(store, `ann ${all}`, `bob ${all}`, `eve ${all}`);
    const clients = await Promise.all(["ann", "bob", "eve"].map(setup.logIn));
    const [ann, bob, eve] = clients as [Wire, Wire, Wire];
    await ask(setup.other, "QCONFIG", "q", "keep-completed", "10");
    await ask(setup.other, "QPUSH", "q", "x", "ID", "1");
    await ask(setup.other, "QPOP", "LEASE", "60", "FROM", "q");
    ann.pipeline(["QPOP", "WAIT", "60", "FROM", "q"]);
    bob.pipeline(["QWAIT", "q", "1", "60"]);
    eve.pipeline(["QEMPTY", "q", "60"]);
    await begun(setup, "qpop", "qwait", "qempty");
    await setup.change("ann inspect *", "bob consume *", "eve inspect other");
    expect(await Promise.all([ann, bob, eve].map((each) => each.next()))).toEqual([null, null, 0]);
    await ask(setup.other, "QACK", "q", "1", "RESULT", "secret");
    await ask(setup.other, "QPUSH", "q", "x", "ID", "2");
    expect(await countsOf(setup)).toEqual([1, 0]);
  });
});

test("list commands that wait end with nil, and move nothing", async () => {
  const all = "push,consume,inspect *";
  const setup = await setUp("memory", `ann ${all}`, `bob ${all}`, `eve ${all}`);
  const clients = await Promise.all(["ann", "bob", "eve"].map(setup.logIn));
  const [ann, bob, eve] = clients as [Wire, Wire, Wire];
  ann.pipeline(["BLPOP", "q", "0"]);
  bob.pipeline(["BLMOVE", "q", "p", "LEFT", "LEFT", "0"]);
  eve.pipeline(["BRPOPLPUSH", "q", "p", "0"]);
  await begun(setup, "blpop", "blmove", "brpoplpush");
  await setup.change("ann inspect *", "bob consume *", "eve push,consume q");
  expect(await Promise.all([ann, bob, eve].map((each) => each.next()))).toEqual([null, null, null]);
  await ask(setup.other, "LPUSH", "q", "x");
  expect(await countsOf(setup)).toEqual([1, 0]);
});

test("a pop that did not fit into the memory for registrations ends too", async () => {
  const setup = await setUp("memory", "ann consume *");
  const ann = await setup.logIn("ann");
  // The memory for registrations is full up to less than one more.
  const names = Array.from({ length: 259 }, (_, n) => `${n}`.padEnd(1000, "x"));
  expect(await ask(ann, "QREGISTER", ...names)).toBe("+OK");
  expect(await ask(ann, "QREGISTER", ...names, "q")).toStartWith("-ERR the registrations of all");
  const client = await setup.logIn("ann");
  client.pipeline(["QPOP", "WAIT", "60", "FROM", "q"]);
  await begun(setup, "qpop");
  await setup.change("ann consume other");
  expect(await client.next()).toBeNull();
  await ask(setup.other, "QPUSH", "q", "x");
  expect(await countsOf(setup)).toEqual([1, 0]);
});
