// Waiting for the end of an event and for an empty queue.
import { expect, test } from "bun:test";
import { Endings } from "../../src/queue/endings.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { TestClock } from "../support/test-clock.ts";

const queue = Buffer.from("q");
const id = Buffer.from("1");
const ack: Operation = { kind: "ack", queue, id, token: null, result: null };

/** Waits with a look that counts, and finds what `found` has then. */
function startWait(of: Buffer | null = id) {
  const clock = new TestClock();
  const endings = new Endings(clock);
  const { signal } = new AbortController();
  const state = { looks: 0, found: null as string | null };
  const look = async () => {
    state.looks += 1;
    return state.found;
  };
  const result = endings.wait<string>({ queue, id: of, timeoutMs: 5000, look, signal });
  return { clock, endings, state, result };
}

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

test("looks when this process has ended the event, and not for another event", async () => {
  const { endings, state, result } = startWait();
  await turn();
  endings.done({ ...ack, id: Buffer.from("2") }, true);
  await turn();
  expect(state.looks).toBe(1);
  state.found = "completed";
  endings.done(ack, true);
  expect(await result).toBe("completed");
});

test("who waits for an empty queue looks once for many events that end together", async () => {
  const { clock, endings, state, result } = startWait(null);
  await turn();
  for (let n = 0; n < 1000; n++) endings.done(ack, true);
  await turn();
  expect(state.looks).toBe(1);
  state.found = "empty";
  clock.advance(50);
  expect(await result).toBe("empty");
  expect(state.looks).toBe(2);
});

test("looks once for many flushes, and not when nothing has ended", async () => {
  const { clock, endings, state, result } = startWait();
  await turn();
  endings.done(ack, false);
  endings.done({ kind: "fail", queue, id, token: null, error: null, next: "final" }, null);
  endings.done({ kind: "flush", queue: Buffer.from("other") }, null);
  await turn();
  clock.advance(50);
  await turn();
  expect(state.looks).toBe(1);
  state.found = "gone";
  for (let n = 0; n < 1000; n++) endings.done({ kind: "flush", queue }, null);
  await turn();
  expect(state.looks).toBe(1);
  clock.advance(50);
  expect(await result).toBe("gone");
  expect(state.looks).toBe(2);
});

test("a client that waits looks soon after a message of another process", async () => {
  const { clock, endings, state, result } = startWait();
  await turn();
  endings.ended(Buffer.from("other"));
  clock.advance(50);
  await turn();
  expect(state.looks).toBe(1);
  for (let n = 0; n < 1000; n++) endings.ended(queue);
  await turn();
  expect(state.looks).toBe(1);
  state.found = "completed";
  clock.advance(50);
  expect(await result).toBe("completed");
  expect(state.looks).toBe(2);
  expect(endings.queues()).toEqual([]);
});

test("looks when a tick has moved something, or a pop has removed the event", async () => {
  for (const end of [
    (endings: Endings) => endings.done({ kind: "tick", limit: 1, parts: "all" }, 1),
    (endings: Endings) => {
      const pop = { kind: "pop", queue, leaseMs: 0, claimant: null } as const;
      endings.done(pop, { queue, id });
    },
  ]) {
    const { clock, endings, state, result } = startWait();
    await turn();
    state.found = "gone";
    end(endings);
    clock.advance(50);
    expect(await result).toBe("gone");
    expect(state.looks).toBe(2);
  }
});

test("each of a thousand waiting clients looks at most once a second", async () => {
  const clock = new TestClock();
  const endings = new Endings(clock);
  const { signal } = new AbortController();
  let looks = 0;
  const look = async () => ((looks += 1), null);
  for (let n = 0; n < 1000; n++) {
    void endings.wait({ queue, id: Buffer.from(`${n}`), timeoutMs: 60_000, look, signal });
  }
  await turn();
  for (let ms = 0; ms < 5000; ms += 10) {
    endings.ended(queue);
    clock.advance(10);
    await turn();
  }
  expect(looks).toBeGreaterThanOrEqual(5000);
  expect(looks).toBeLessThanOrEqual(6000);
});

test("an empty id is not the queue", async () => {
  const { endings, state } = startWait(null);
  await turn();
  endings.done({ ...ack, id: Buffer.alloc(0) }, true);
  await turn();
  expect(state.looks).toBe(1);
});

test("the wait ends with null at its timeout", async () => {
  const { clock, result } = startWait();
  await turn();
  clock.advance(5000);
  expect(await result).toBeNull();
});
