// Periodic work: which operations it sends to a store, and which it avoids.
import { expect, test } from "bun:test";
import { Consumers } from "../../src/queue/consumers.ts";
import { Housekeeper, type Work } from "../../src/queue/housekeeper.ts";
import type { Operation, Session } from "../../src/queue/store.ts";
import { Waiters } from "../../src/queue/waiters.ts";
import { LocalStore } from "../../src/stores/local/local-store.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";

/** A local store that counts its operations, and a housekeeper that works on it. */
function startHousekeeper() {
  const store = new LocalStore({ now: () => performance.now(), onReady() {} });
  const asked: Operation["kind"][] = [];
  let looks = 0;
  const session = (): Session => {
    const inner = store.session();
    const submit = inner.submit.bind(inner);
    inner.submit = (operation, receiver) => {
      asked.push(operation.kind);
      submit(operation, receiver);
    };
    return inner;
  };
  const counted = Object.assign(Object.create(store) as LocalStore, {
    session,
    watch: async () => {},
    isDue: () => {
      looks += 1;
      return store.isDue();
    },
  });
  const consumers = new Consumers();
  const onRound = (_work: Work, error: Error | null) => {
    if (error) throw error;
  };
  const housekeeper = new Housekeeper(counted, consumers, new Waiters(), onRound, session());
  closeAfterTest({ close: async () => (housekeeper.stop(), await store.close()) });
  const looked = (times: number) => {
    const enough = looks + times;
    return eventually(() => looks >= enough, { message: "it looked", timeoutMs: 15_000 });
  };
  return { store, asked, looked };
}

test("asks the store for nothing as long as nothing is due", async () => {
  const { asked, looked } = startHousekeeper();
  await looked(1);
  expect(asked).toEqual(["reclaim"]);
  await looked(10);
  expect(asked).toEqual(["reclaim"]);
});

test("requeues an event when its lease has ended", async () => {
  const { store, looked } = startHousekeeper();
  await looked(1);
  const session = store.session();
  const queue = Buffer.from("q");
  const event = { id: Buffer.from("1"), contents: Buffer.from("x") };
  await session.ask({ kind: "push", queue, end: "left", ...event });
  await session.ask({ kind: "pop", queue, leaseMs: 1 });
  expect(
    await eventually(() => session.ask({ kind: "peek", queue, end: "right" }), {
      message: "the event is ready again",
    }),
  ).toEqual(event);
});

test("forgets empty queues without any command", async () => {
  const { store } = startHousekeeper();
  const queues = Array.from({ length: 1000 }, (_, number) => Buffer.from(`q${number}`));
  const [id, contents] = [Buffer.from("1"), Buffer.from("x")];
  const session = store.session();
  await Promise.all(
    queues.map((queue) => session.ask({ kind: "push", queue, end: "left", id, contents })),
  );
  const count = () => Object.fromEntries(store.describe())["queues"];
  expect(count()).toBe(1000);
  await Promise.all(queues.map((queue) => session.ask({ kind: "pop", queue, leaseMs: 0 })));
  await eventually(() => count() === 0, { message: "no queue is left" });
});
