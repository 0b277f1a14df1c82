// `okq work` when the worker, okq or Redis dies or is away: each event is handled at least once,
// and acknowledged only if its command ended with 0.
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, eventuallyEqual, lasting } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { newDatabase } from "../support/okq-server.ts";
import { startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { eventOf, startWorkScript } from "../support/okq-work.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { startRedis } from "../support/redis-server.ts";
import { Ledger } from "./work-watch.ts";

setDefaultTimeout(120_000);

async function startOkq() {
  const okq = await startTestOkq();
  const client = await okq.connect();
  await ask(client, "QPUSH", "q", "hi", "ID", "1");
  return { port: okq.port, client };
}

/** Says its process and that it was told to stop. */
function waiting(file: string): string {
  const told = `echo "told $OKQ_ATTEMPT" >> ${file}; exit 0`;
  return `trap '${told}' TERM; echo "begun $OKQ_ATTEMPT" >> ${file}; while :; do sleep 0.05; done`;
}

test("the commands of a killed worker are stopped, and another gets the event", async () => {
  const { port, client } = await startOkq();
  const ledger = new Ledger();
  const work = startWorkScript(port, ["q", "--ex", "1"], waiting(ledger.file));
  await eventuallyEqual(() => ledger.lines(), ["begun 1"]);
  work.kill("SIGKILL");
  await eventuallyEqual(() => ledger.commands(), []);
  const popped = await ask(client, "QPOP", "WAIT", "20", "FROM", "q");
  expect(popped).toMatchObject([["q", "1", "hi", expect.any(String), 2, []]]);
});

test("a worker that was stopped past its lease acknowledges nothing", async () => {
  const { port, client } = await startOkq();
  const ledger = new Ledger();
  const work = startWorkScript(port, ["q", "--once", "--ex", "0.5"], waiting(ledger.file));
  await eventuallyEqual(() => ledger.lines(), ["begun 1"]);
  process.kill(work.pid, "SIGSTOP");
  const popped = await ask(client, "QPOP", "WAIT", "20", "LEASE", "60", "FROM", "q");
  expect(popped).toMatchObject([["q", "1", "hi", expect.any(String), 2, []]]);
  const before = await eventOf(client, "q", "1");
  process.kill(work.pid, "SIGCONT");
  expect(await work.exited).toBe(0);
  expect(ledger.lines()).toEqual(["begun 1", "told 1"]);
  expect(await eventOf(client, "q", "1")).toEqual(before);
});

test("a command that ended while its worker was stopped too long is not acknowledged", async () => {
  const { port, client } = await startOkq();
  const ledger = new Ledger();
  const script = `echo begun >> ${ledger.file}; sleep 0.3; echo ended >> ${ledger.file}`;
  const work = startWorkScript(port, ["q", "--once", "--ex", "0.5"], script);
  await eventuallyEqual(() => ledger.lines(), ["begun"]);
  process.kill(work.pid, "SIGSTOP");
  await ask(client, "QPOP", "WAIT", "20", "LEASE", "60", "FROM", "q");
  await eventuallyEqual(() => ledger.lines(), ["begun", "ended"]);
  const before = await eventOf(client, "q", "1");
  process.kill(work.pid, "SIGCONT");
  expect(await work.exited).toBe(0);
  expect(await eventOf(client, "q", "1")).toEqual(before);
});

const stores = {
  async sqlite() {
    const port = await freePort();
    const start = () => startOkqProcess(["--store", database], port);
    const database = newDatabase();
    return { port, start, fail: async () => {}, mend: async () => {} };
  },
  async redis() {
    const port = await freePort();
    const redis = closeAfterTest(await startRedis({ isDurable: true }));
    const start = () => startOkqOnRedis(redis.port, port);
    return { port, start, fail: () => redis.kill(), mend: () => redis.start() };
  },
};

test.each(["sqlite", "redis"] as const)(
  "a command goes on while okq is away, and its event is acknowledged when okq is back (%s)",
  async (store) => {
    const { port, start } = await stores[store]();
    const first = await start();
    await ask(await first.connect(), "QPUSH", "q", "hi", "ID", "1");
    const ledger = new Ledger();
    const script = `echo begun >> ${ledger.file}; sleep 1; echo ended >> ${ledger.file}`;
    const work = startWorkScript(port, ["q", "--once"], script);
    await eventuallyEqual(() => ledger.lines(), ["begun"]);
    await first.crash();
    await eventuallyEqual(() => ledger.lines(), ["begun", "ended"]);
    // The acknowledgement fails at first.
    await lasting(500);
    const second = await start();
    expect(await work.exited).toBe(0);
    expect(await eventOf(await second.connect(), "q", "1")).toBeNull();
    expect(ledger.lines()).toEqual(["begun", "ended"]);
  },
);

test("an event is acknowledged when Redis is back", async () => {
  const { port, start, fail, mend } = await stores.redis();
  const okq = await start();
  await ask(await okq.connect(), "QPUSH", "q", "hi", "ID", "1");
  const ledger = new Ledger();
  const script = `echo begun >> ${ledger.file}; sleep 1; echo ended >> ${ledger.file}`;
  const work = startWorkScript(port, ["q", "--once"], script);
  await eventuallyEqual(() => ledger.lines(), ["begun"]);
  await fail();
  await eventuallyEqual(() => ledger.lines(), ["begun", "ended"]);
  await lasting(500);
  await mend();
  expect(await work.exited).toBe(0);
  expect(await eventOf(await okq.connect(), "q", "1")).toBeNull();
  expect(ledger.lines()).toEqual(["begun", "ended"]);
});

test("a command is stopped when okq is away longer than the lease, and runs again", async () => {
  const { port, start } = await stores.sqlite();
  const first = await start();
  await ask(await first.connect(), "QPUSH", "q", "hi", "ID", "1");
  const ledger = new Ledger();
  const script = `[ "$OKQ_ATTEMPT" = 1 ] || exit 0; ${waiting(ledger.file)}`;
  const work = startWorkScript(port, ["q", "--ex", "1"], script);
  await eventuallyEqual(() => ledger.lines(), ["begun 1"]);
  await first.crash();
  await eventuallyEqual(() => ledger.lines(), ["begun 1", "told 1"]);
  const second = await start();
  const client = await second.connect();
  await eventually(async () => (await eventOf(client, "q", "1")) === null);
  work.kill();
  expect(await work.exited).toBe(0);
  expect(work.stderr()).toContain("okq work: q 1: ");
});
