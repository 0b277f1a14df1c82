// Cron entries while several okq run, and while okq or its Redis is killed with kill -9: each time
// of a spec is pushed once, and none is left out while an okq lives.
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

setDefaultTimeout(60_000);

const EVERY_SECOND = "* * * * * *";
const DOWN_MS = 5000;

/** The seconds of the events that an entry has pushed. */
class Pushed {
  readonly #seconds = new Map<string, number[]>();

  /** Takes all events that are there. */
  async take(client: Wire): Promise<void> {
    const pop = ["QPOP", "COUNT", 1000, "NOACK", "FROM", "q"];
    const events = (await ask(client, ...pop)) as Readable[][] | null;
    for (const [, id] of events ?? []) {
      const [name, second] = String(id).split("@");
      this.#seconds.set(name!, [...this.of(name!), Number(second)]);
    }
  }

  of(name: string): number[] {
    return this.#seconds.get(name) ?? [];
  }

  /** Takes events until each of these entries has so many. */
  async until(client: Wire, names: string[], count: number): Promise<void> {
    await eventually(
      async () => {
        await this.take(client);
        return names.every((name) => this.of(name).length >= count);
      },
      { timeoutMs: 30_000, message: `${count} events of ${names.join(", ")}` },
    );
  }

  /** The first second behind those that were skipped. */
  afterGap(name: string): number {
    const seconds = this.of(name).toSorted((a, b) => a - b);
    expect(new Set(seconds).size).toBe(seconds.length);
    const gaps = seconds.flatMap((second, at) => {
      const gap = second - (seconds[at - 1] ?? second);
      return gap > 1 ? [[second, gap]] : [];
    });
    expect(gaps.length).toBe(1);
    expect(gaps[0]![1]).toBeGreaterThan(DOWN_MS / 1000 - 2);
    return gaps[0]![0]!;
  }

  /** Each second of an entry once, and none left out between the first and the last. */
  expectEach(name: string): void {
    const seconds = this.of(name).toSorted((a, b) => a - b);
    const [first, last] = [seconds[0]!, seconds.at(-1)!];
    const all = Array.from({ length: last - first + 1 }, (_, at) => first + at);
    expect(seconds).toEqual(all);
  }
}

async function connect(okq: ListeningOkq): Promise<Wire> {
  return closeAfterTest(await okq.connect());
}

test("several okq push each time once, also when one of them is killed", async () => {
  const redis = await startTestRedis({ isDurable: true });
  const okqs = await Promise.all([1, 2, 3].map(() => startOkqOnRedis(redis.port)));
  const clients = await Promise.all(okqs.map(connect));
  const names = Array.from({ length: 20 }, (_, at) => `e${at}`);
  for (const [at, name] of names.entries()) {
    await ask(clients[at % 3]!, "QCRON", "SET", "q", name, EVERY_SECOND, "x");
  }
  const pushed = new Pushed();
  await pushed.until(clients[0]!, names, 3);
  await okqs[2]!.crash();
  await pushed.until(clients[0]!, names, 6);
  await okqs[1]!.crash();
  await pushed.until(clients[0]!, names, 9);
  await ask(clients[0]!, "QPAUSE", "q", "IN");
  await pushed.take(clients[0]!);
  for (const name of names) pushed.expectEach(name);
});

test("an entry goes on after Redis was killed", async () => {
  const redis = await startTestRedis({ isDurable: true });
  const okqs = await Promise.all([1, 2].map(() => startOkqOnRedis(redis.port)));
  const client = await connect(okqs[0]!);
  await ask(client, "QCRON", "SET", "q", "e", EVERY_SECOND, "x");
  const pushed = new Pushed();
  await pushed.until(client, ["e"], 2);
  await redis.kill();
  await redis.start();
  await eventually(async () => (await ask(client, "QSTATUS", "q")) !== null);
  await pushed.until(client, ["e"], 6);
  // It was away for less than a time counts as missed.
  pushed.expectEach("e");
});

test("okq that was killed skips the times until it is back, or makes up for one", async () => {
  const args = ["--store", `sqlite:${join(newFolder(), "okq.db")}`];
  const okq = await startOkqProcess(args);
  const before = await connect(okq);
  await ask(before, "QCRON", "SET", "q", "none", EVERY_SECOND, "x");
  await ask(before, "QCRON", "SET", "q", "one", EVERY_SECOND, "x", "CATCHUP", "ONE");
  const pushed = new Pushed();
  await pushed.until(before, ["one"], 2);
  await okq.crash();
  await lasting(DOWN_MS);
  const after = await connect(await startOkqProcess(args));
  await pushed.until(after, ["none"], pushed.of("none").length + 4);
  const [none, one] = [pushed.afterGap("none"), pushed.afterGap("one")];
  // The turn of a second may come between the looks at the two entries.
  expect([none - 1, none - 2]).toContain(one);
});
