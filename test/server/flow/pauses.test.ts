// The reasons why okq does not read from a client, as CLIENT LIST shows them, and that okq reads
// again when the reason ends. On a test clock.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { clientsInfo, listed, named } from "../../support/observer.ts";
import { startTestOkq, startTestRedis } from "../../support/okq-server.ts";
import { ask, readable } from "../../support/readable.ts";
import { TestClock } from "../../support/test-clock.ts";
import type { Wire } from "../../support/wire.ts";

setDefaultTimeout(60_000);

const KB = 1024;
/** More input than okq reads at once. */
const MUCH = Array.from({ length: 3000 }, () => ["ECHO", "x".repeat(100)]);

/** A clock on which work takes time: it advances by 10 milliseconds whenever it is read. */
class WorkClock extends TestClock {
  #looks = 0;

  override nowMs(): number {
    return super.nowMs() + 10 * this.#looks++;
  }
}

async function setUp(
  config: Parameters<typeof startTestOkq>[0] = {},
  clock: TestClock = new TestClock(),
) {
  const okq = await startTestOkq(config, clock);
  const observer = await okq.connect();
  /** Waits while the clock advances, because busy clients pause now and then. */
  const until = (check: () => Promise<boolean> | boolean) =>
    eventually(() => {
      clock.advance(1);
      return check();
    });
  const becomes = (name: string, reason: string) =>
    until(async () => (await listed(observer, name))!["pause-reason"] === reason);
  const take = async (client: Wire, count: number) => {
    await until(() => client.waiting >= count);
    return (await client.take(count)).map(readable);
  };
  return { clock, okq, observer, becomes, take };
}

/** Starts okq on a Redis that is frozen until goOn() is called. */
async function setUpFrozen(config: Parameters<typeof startTestOkq>[0] = {}) {
  const redis = await startTestRedis();
  const redisAddr = `127.0.0.1:${redis.port}`;
  const parts = await setUp({ store: "", redisAddr, redisTimeout: 600_000, ...config });
  await ask(parts.observer, "QLPUSH", "q", "0", "x");
  redis.signal("SIGSTOP");
  return { ...parts, goOn: () => redis.signal("SIGCONT") };
}

const PEEK = ["QLPEEK", "q"];
const times = (count: number, command: string[]) => Array.from({ length: count }, () => command);

describe("okq does not read from a client", () => {
  test("exclusive: while a command must be answered before the next one starts", async () => {
    const { clock, okq, becomes, take } = await setUp();
    const client = await named(okq, "client");
    expect(await ask(client, "QREGISTER", "q")).toBe("+OK");
    client.pipeline(["QNOTIFY", "10"], ...MUCH);
    await becomes("client", "exclusive");
    clock.advance(10_000);
    expect(await client.next()).toBeNull();
    expect(await take(client, MUCH.length)).toHaveLength(MUCH.length);
  });

  test("in-flight: while it has the maximum number of commands in flight", async () => {
    const { okq, observer, becomes, take, goOn } = await setUpFrozen();
    const client = await named(okq, "client");
    client.pipeline(...times(200, PEEK), ...MUCH);
    await becomes("client", "in-flight");
    expect((await listed(observer, "client"))!).toMatchObject({ inflight: "64", paused: "1" });
    expect(await clientsInfo(observer, "paused_clients")).toBe(1);
    goOn();
    expect((await take(client, 200)).every((reply) => String(reply) === "0,x")).toBeTrue();
    await becomes("client", "");
  });

  test("output: while it does not read its replies", async () => {
    const { okq, observer, becomes } = await setUp();
    await ask(observer, "QLPUSH", "q", "0", "x".repeat(1000 * KB));
    const client = await named(okq, "client");
    client.pause(true);
    client.pipeline(...times(50, PEEK), ...MUCH);
    await becomes("client", "output");
    client.pause(false);
    await becomes("client", "");
  });

  test("bytes-waiting: while the budget for waiting commands is full", async () => {
    const { okq, observer, becomes, take, goOn } = await setUpFrozen({
      maxWaitingBytes: 100 * KB,
    });
    const [first, second] = [await named(okq, "first"), await named(okq, "second")];
    first.pipeline(["QLPUSH", "q", "1", "x".repeat(200 * KB)]);
    await eventually(async () => (await clientsInfo(observer, "bytes_waiting")) > 200 * KB);
    second.pipeline(["QLPUSH", "q", "2", "x"], ...MUCH);
    await becomes("second", "bytes-waiting");
    goOn();
    expect(await take(first, 1)).toEqual(["+OK"]);
    expect((await take(second, 1 + MUCH.length))[0]).toBe("+OK");
  });

  test("bytes-unsent: while it has unsent replies and the budget for them is full", async () => {
    const budget = 200 * KB;
    const { clock, okq, observer, take } = await setUp({ maxWaitingBytes: budget });
    await ask(observer, "QLPUSH", "q", "0", "x".repeat(20 * KB));
    const client = await named(okq, "client");
    client.pause(true);
    // The system accepts some replies for the client, and perhaps more later.
    let count = 0;
    await eventually(async () => {
      clock.advance(1);
      if ((await listed(observer, "client"))!["pause-reason"] === "bytes-unsent") return true;
      const isFull = (await clientsInfo(observer, "bytes_unsent")) > budget;
      const more = isFull ? MUCH : [PEEK];
      client.pipeline(...more);
      count += more.length;
      return false;
    });
    client.pause(false);
    await take(client, count);
    expect(await clientsInfo(observer, "bytes_unsent")).toBe(0);
  });
});

describe("a client that uses much processor time", () => {
  /** The client "busy" has sent many commands, and pauses if it is not alone. */
  async function busy(isAlone: boolean) {
    const { clock, okq, observer } = await setUp();
    const client = await named(okq, "busy");
    if (!isAlone) for (let at = 0; at < 3; at++) await ask(observer, "PING");
    else for (let at = 0; at < 20; at++) await ask(client, "PING");
    client.pipeline(...MUCH);
    return { clock, okq, observer, client };
  }

  test("backoff: pauses for a millisecond after its share while others are busy", async () => {
    const { clock, observer, client } = await busy(false);
    await eventually(async () => (await listed(observer, "busy"))!["pause-reason"] === "backoff");
    const before = client.waiting;
    expect(before).toBeLessThan(MUCH.length);
    for (let at = 0; at < 10; at++) expect(await ask(observer, "PING")).toBe("+PONG");
    expect(client.waiting).toBe(before);
    clock.advance(1);
    await eventually(() => client.waiting > before);
    await eventually(() => {
      clock.advance(1);
      return client.waiting === MUCH.length;
    });
  });

  /** Checks that okq answers a PING of the client after a pause of at least that duration. */
  async function expectPause(client: Wire, observer: Wire, clock: TestClock, ms: number) {
    client.pipeline(["PING"]);
    const before = client.waiting;
    clock.advance(ms - 1);
    for (let at = 0; at < 10; at++) expect(await ask(observer, "PING")).toBe("+PONG");
    expect(client.waiting).toBe(before);
    clock.advance(1000);
    await eventually(() => client.waiting > before);
  }

  test("slice: pauses when its commands in flight take long", async () => {
    const { clock, okq, observer } = await setUp({}, new WorkClock());
    const client = await named(okq, "client");
    for (let at = 0; at < 3; at++) await ask(observer, "PING");
    client.pipeline(...MUCH.slice(0, 60));
    await eventually(() => client.waiting > 0);
    await expectPause(client, observer, clock, 1);
  });

  test("pauses four times as long as a large command took", async () => {
    const { clock, okq, observer } = await setUp({}, new WorkClock());
    const client = await named(okq, "client");
    client.pipeline(["QLPUSH", "q", "1", "x".repeat(300 * KB)]);
    await eventually(async () => {
      // It also pauses while its command is read.
      clock.advance(1);
      return (await ask(observer, "PING")) && client.waiting > 0;
    });
    expect(readable(await client.next())).toBe("+OK");
    await expectPause(client, observer, clock, 20);
  });

  test("pauses four times as long as it took to send large replies", async () => {
    const { clock, okq, observer } = await setUp({}, new WorkClock());
    await ask(observer, "QLPUSH", "q", "0", "x".repeat(100 * KB));
    const client = await named(okq, "client");
    expect(readable(await client.call(...PEEK))).toEqual(["0", "x".repeat(100 * KB)]);
    await expectPause(client, observer, clock, 20);
  });

  test("does not pause while it is alone", async () => {
    const { client } = await busy(true);
    expect(await client.take(MUCH.length)).toHaveLength(MUCH.length);
  });
});

test("a client has few commands in flight while the size of their replies is unknown", async () => {
  const { okq, observer, take, goOn } = await setUpFrozen();
  const client = await okq.connect();
  client.pipeline(...times(100, PEEK));
  await eventually(async () => (await clientsInfo(observer, "client_inflight_max")) === 16);
  goOn();
  expect(await take(client, 100)).toHaveLength(100);
});
