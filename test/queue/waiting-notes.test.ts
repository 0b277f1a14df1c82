// What okq processes note of their waiting clients, and how often.
import { expect, test } from "bun:test";
import { type WaitingClient, WaitingNotes } from "../../src/queue/waiting-notes.ts";
import { TestClock } from "../support/test-clock.ts";

function setUp() {
  const clock = new TestClock();
  const left: string[] = [];
  const state = { waiting: [] as WaitingClient[] };
  const notes = {
    leave: async (note: string) => void left.push(note),
    others: async () => left.slice(-1),
  };
  return { clock, left, state, notes: new WaitingNotes(notes, clock, () => state.waiting) };
}

const clientOf = (client: string, ...queues: string[]) => ({
  okq: "okq",
  client,
  worker: "",
  queues,
});

test("leaves no note while nobody waits, and renews one every ten seconds", async () => {
  const { clock, left, state, notes } = setUp();
  await notes.renew();
  expect(left).toEqual([]);
  state.waiting = [clientOf("1", "q")];
  for (let second = 0; second < 12; second++) {
    await notes.renew();
    clock.advance(1000);
  }
  expect(left).toHaveLength(2);
  expect(await notes.others()).toEqual(state.waiting);
  state.waiting = [...state.waiting, clientOf("2", "q")];
  await notes.renew();
  expect(await notes.others()).toEqual(state.waiting);
  state.waiting = [];
  await notes.renew();
  await notes.renew();
  await notes.clear();
  expect(left.slice(3)).toEqual([""]);
});

test("a note has a bound", async () => {
  const { left, state, notes } = setUp();
  state.waiting = Array.from({ length: 1200 }, (_, n) => clientOf(`${n}`, "q"));
  await notes.renew();
  expect(await notes.others()).toHaveLength(1000);
  state.waiting = Array.from({ length: 1200 }, (_, n) => clientOf(`${n}`, "q".repeat(1000)));
  await notes.renew();
  expect(await notes.others()).toHaveLength(65);
  expect(left).toHaveLength(2);
});

test("leaves out what another version of okq may have noted", async () => {
  const { left, notes } = setUp();
  const waiting = clientOf("1", "q");
  const foreign = [null, 7, {}, { ...waiting, queues: "q" }, { ...waiting, client: 1 }];
  left.push(JSON.stringify([...foreign, waiting]));
  expect(await notes.others()).toEqual([waiting]);
  for (const note of ["", "{", "{}", "null", "2:[]"]) {
    left.push(note);
    expect(await notes.others()).toEqual([]);
  }
});
