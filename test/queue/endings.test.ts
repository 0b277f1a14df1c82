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
  endings.done({ ...ack, id: Buffer.from("2") });
  await turn();
  expect(state.looks).toBe(1);
  state.found = "completed";
  endings.done(ack);
  expect(await result).toBe("completed");
});

test("who waits for an empty queue looks once for many events that end together", async () => {
  const { clock, endings, state, result } = startWait(null);
  await turn();
  for (let n = 0; n < 1000; n++) endings.done(ack);
  await turn();
  expect(state.looks).toBe(1);
  state.found = "empty";
  clock.advance(50);
  expect(await result).toBe("empty");
  expect(state.looks).toBe(2);
});

test("an empty id is not the queue", async () => {
  const { endings, state } = startWait(null);
  await turn();
  endings.done({ ...ack, id: Buffer.alloc(0) });
  await turn();
  expect(state.looks).toBe(1);
});

test("the wait ends with null at its timeout", async () => {
  const { clock, result } = startWait();
  await turn();
  clock.advance(5000);
  expect(await result).toBeNull();
});
