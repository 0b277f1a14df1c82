// Pushes of cron entries when time passes, jumps, or passes while no okq runs.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect, test } from "bun:test";
import { CronRunner } from "../../src/queue/cron-runner.ts";
import {
  type CronDefinition,
  encodeDefinition,
  versionOf,
} from "../../src/queue/cron-definition.ts";
import { StoreError } from "../../src/queue/errors.ts";
import { NO_OPTIONS } from "../../src/queue/event.ts";
import type { Store } from "../../src/queue/store.ts";
import { LocalStore } from "../../src/stores/local/local-store.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { TestClock } from "../support/test-clock.ts";

const queue = Buffer.from("q");
/** When the clock of a test begins, in seconds since 1970. */
const BEGIN = 1000;

const MINUTELY: CronDefinition = {
  spec: "* * * * *",
  zone: "UTC",
  catchUp: "none",
  end: "left",
  contents: Buffer.from("contents"),
  options: null,
};

function start() {
  const clock = new TestClock();
  const store = closeAfterTest(new LocalStore({ clock, onReady() {} }));
  const session = store.session();
  const skipped: string[] = [];
  const startRunner = (on: Store = store) =>
    new CronRunner(on, ({ name }, reason) => skipped.push(`${name} ${reason}`));
  return {
    clock,
    store,
    session,
    skipped,
    startRunner,
    async set(name: string, definition: Partial<CronDefinition> = {}): Promise<void> {
      const bytes = encodeDefinition({ ...MINUTELY, ...definition });
      const entry = { name: Buffer.from(name), definition: bytes, version: versionOf(bytes) };
      await session.ask({ kind: "cronSet", queue, ...entry });
    },
    async popped(): Promise<string[]> {
      const events = await session.ask({
        kind: "popBatch",
        queues: [queue],
        count: 1000,
        leaseMs: 0,
        claimant: Buffer.from("a b c"),
      });
      return events.map(({ id }) => String(id));
    },
    async nextAt(name: string): Promise<number | null> {
      const found = await session.ask({ kind: "cronGet", queue, name: Buffer.from(name) });
      return found && found.entry.nextAtMs && found.entry.nextAtMs / 1000;
    },
  };
}

test("pushes at each time of the spec", async () => {
  const { clock, set, startRunner, popped, nextAt } = start();
  const runner = startRunner();
  await set("e");
  await runner.run([0]);
  expect(await popped()).toEqual([]);
  expect(await nextAt("e")).toBe(1020);
  for (let second = BEGIN; second < BEGIN + 130; second++) {
    await runner.run([0]);
    clock.advance(1000);
  }
  expect(await popped()).toEqual(["e@1020", "e@1080"]);
});

test("pushes a time that comes before the entry was looked at first", async () => {
  const { clock, set, startRunner, popped } = start();
  const runner = startRunner();
  await runner.run([0]);
  clock.advance(19_500);
  await set("e");
  clock.advance(1000);
  await runner.run([0]);
  expect(await popped()).toEqual(["e@1020"]);
});

test("pushes all times of the last ten seconds, and not those before", async () => {
  const { clock, set, startRunner, popped } = start();
  const runner = startRunner();
  await set("e", { spec: "* * * * * *" });
  await runner.run([0]);
  clock.advance(5000);
  await runner.run([0]);
  expect(await popped()).toEqual([1001, 1002, 1003, 1004, 1005].map((at) => `e@${at}`));
  clock.advance(3_600_000);
  await runner.run([0]);
  const late = Array.from({ length: 11 }, (_, at) => `e@${4605 - 10 + at}`);
  expect(await popped()).toEqual(late);
});

test("skips the times at which no okq ran, or makes up for the latest", async () => {
  const { clock, set, startRunner, popped, nextAt } = start();
  await set("none");
  await set("one", { catchUp: "one" });
  await set("later", { spec: "0 0 * * *", catchUp: "one" });
  await startRunner().run([0]);
  expect(await popped()).toEqual([]);
  clock.advance(185_000);
  const next = startRunner();
  await next.run([0]);
  // 1020, 1080 and 1140 have passed.
  expect(await popped()).toEqual(["one@1140"]);
  expect([await nextAt("none"), await nextAt("one")]).toEqual([1200, 1200]);
  clock.advance(15_000);
  await next.run([0]);
  expect((await popped()).toSorted()).toEqual(["none@1200", "one@1200"]);
  await startRunner().run([0]);
  expect(await popped()).toEqual([]);
});

test("an okq that starts a second after a time has missed it, one that runs has not", async () => {
  for (const [isNew, expected] of [
    [true, []],
    [false, ["e@1020"]],
  ] as const) {
    const { clock, set, startRunner, popped } = start();
    const runner = startRunner();
    await set("e");
    await runner.run([0]);
    clock.advance(23_000);
    await (isNew ? startRunner() : runner).run([0]);
    expect(await popped()).toEqual([...expected]);
  }
});

test("a queue that takes no pushes skips the turn, and says so", async () => {
  const { clock, session, set, startRunner, popped, skipped } = start();
  const runner = startRunner();
  await set("e");
  await runner.run([0]);
  const whom = { queue, worker: null, group: null };
  await session.ask({ kind: "pause", directions: ["in"], forMs: null, ...whom });
  clock.advance(20_000);
  await runner.run([0]);
  await session.ask({ kind: "resume", directions: ["in"], ...whom });
  await session.ask({ kind: "configure", queue, values: [["max-length", "1"]] });
  clock.advance(60_000);
  await runner.run([0]);
  clock.advance(60_000);
  await runner.run([0]);
  expect(await popped()).toEqual(["e@1080"]);
  const bound = Buffer.from("q@copies");
  await session.ask({ kind: "bind", queue, name: Buffer.from("copies") });
  await session.ask({ kind: "configure", queue: bound, values: [["max-length", "1"]] });
  const push = { kind: "push", end: "left", id: bound, contents: bound, options: null } as const;
  await session.ask({ ...push, queue: bound });
  clock.advance(60_000);
  await runner.run([0]);
  expect(await popped()).toEqual([]);
  expect(skipped).toEqual([
    "e pushes to the queue are paused",
    "e the queue is full",
    'e the bound queue "q@copies" is full',
  ]);
});

test("a push that the store refuses is tried again", async () => {
  const { clock, store, set, startRunner, popped } = start();
  let isRefusing = false;
  const refusing = Object.create(store, {
    session: {
      value: () => {
        const session = store.session();
        return Object.create(session, {
          ask: {
            value: async (operation: { kind: string }) => {
              const isRefused = isRefusing && operation.kind === "cronFire";
              if (isRefused) throw new StoreError("refused", "no memory");
              return await session.ask(operation as never);
            },
          },
        });
      },
    },
  }) as Store;
  const runner = startRunner(refusing);
  await set("e");
  await runner.run([0]);
  clock.advance(20_000);
  isRefusing = true;
  expect(await runner.run([0]).catch((error: Error) => error.message)).toBe("no memory");
  isRefusing = false;
  clock.advance(2000);
  await runner.run([0]);
  expect(await popped()).toEqual(["e@1020"]);
});

test("an entry that this okq cannot read keeps no other waiting", async () => {
  const { clock, session, set, startRunner, popped, skipped } = start();
  const runner = startRunner();
  const definition = Buffer.from("{");
  const strange = { name: Buffer.from("strange"), version: "1", definition };
  await session.ask({ kind: "cronSet", queue, ...strange });
  await set("zone", { zone: "Mars/Olympus" });
  await set("e");
  await runner.run([0]);
  clock.advance(20_000);
  await runner.run([0]);
  expect(await popped()).toEqual(["e@1020"]);
  expect(skipped.length).toBe(2);
  expect(skipped.join("\n")).toInclude("zone this okq cannot read its zone");
});

test("two runners push once", async () => {
  const { clock, set, startRunner, popped } = start();
  const runners = [startRunner(), startRunner(), startRunner()];
  for (let entry = 0; entry < 40; entry++) await set(`e${entry}`);
  await Promise.all(runners.map((runner) => runner.run([0])));
  clock.advance(20_000);
  await Promise.all(runners.map((runner) => runner.run([0])));
  const ids = await popped();
  expect(ids.length).toBe(40);
  expect(new Set(ids).size).toBe(40);
});

test("a definition survives its encoding", async () => {
  const { clock, session, set, startRunner } = start();
  const runner = startRunner();
  const options = { ...NO_OPTIONS, headers: Buffer.from("\xff\x00", "latin1"), ttlMs: 5000 };
  await set("e", { contents: Buffer.from([0, 255, 10]), options, end: "right" });
  await runner.run([0]);
  clock.advance(20_000);
  await runner.run([0]);
  const event = await session.ask({ kind: "get", queue, id: Buffer.from("e@1020"), isWhole: true });
  expect(event!.contents).toEqual(Buffer.from([0, 255, 10]));
  expect(event!.headers).toEqual(Buffer.from("\xff\x00", "latin1"));
  expect(event!.expiresAtMs).toBe(1_025_000);
});
