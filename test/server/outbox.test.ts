// The outbox on a socket that accepts as much as the test says: the order of bytes, the budget, and
// the events that are requeued when the client disconnects.
import { describe, expect, test } from "bun:test";
import { Budget } from "../../src/commands/budget.ts";
import { Handout } from "../../src/commands/answer.ts";
import { Outbox, type Pending } from "../../src/server/outbox.ts";

class SmallSocket {
  /** The numbers of bytes that the next writes accept. */
  readonly room: number[] = [];
  taken = "";
  writes = 0;

  write(bytes: Buffer, from: number, length: number): number {
    this.writes += 1;
    const count = Math.min(length, this.room.shift() ?? 0);
    if (count > 0) this.taken += bytes.toString("latin1", from, from + count);
    return count;
  }
}

function setUp(isForwarded = false) {
  const sink = new SmallSocket();
  const budget = new Budget(1000);
  const requeued: string[] = [];
  const handout = (name: string) =>
    new (class extends Handout {
      giveBack = () => void requeued.push(name);
    })(null, true);
  return {
    sink,
    budget,
    outbox: new Outbox(sink, budget, { isForwarded }),
    requeued,
    handout,
  };
}

function send(outbox: Outbox, text: string, pending: Pending[] = []): void {
  const bytes = Buffer.from(text);
  outbox.send(bytes, bytes.length, pending);
}

test("sends bytes in order, however few the socket takes at a time", () => {
  const { sink, outbox } = setUp();
  sink.room.push(2);
  send(outbox, "abcd");
  send(outbox, "efgh");
  expect([sink.taken, outbox.length, outbox.sentBytes]).toEqual(["ab", 6, 2]);
  sink.room.push(1);
  outbox.drain();
  expect(sink.taken).toBe("abc");
  sink.room.push(1, 3);
  outbox.drain();
  outbox.drain();
  expect([sink.taken, outbox.length]).toEqual(["abcdefg", 1]);
  sink.room.push(9);
  outbox.drain();
  expect([sink.taken, outbox.length, outbox.sentBytes]).toEqual(["abcdefgh", 0, 8]);
});

test("copies the bytes that the socket does not take", () => {
  const { sink, outbox } = setUp();
  const reused = Buffer.from("abcd");
  sink.room.push(1);
  outbox.send(reused, reused.length, []);
  reused.fill("x");
  sink.room.push(9);
  outbox.drain();
  expect(sink.taken).toBe("abcd");
});

test("requeues events whose replies were not sent, the first popped last", () => {
  const { sink, outbox, requeued, handout } = setUp();
  sink.room.push(5);
  send(outbox, "aabbcc", [
    { end: 2, handout: handout("a") },
    { end: 4, handout: handout("b") },
    { end: 6, handout: handout("c") },
  ]);
  send(outbox, "dd", [{ end: 2, handout: handout("d") }]);
  outbox.abandon();
  expect(requeued).toEqual(["d", "c"]);
  outbox.abandon();
  expect(requeued).toEqual(["d", "c"]);
});

test("does not requeue an event whose reply was sent by a later write", () => {
  const { sink, outbox, requeued, handout } = setUp();
  send(outbox, "aabb", [
    { end: 2, handout: handout("a") },
    { end: 4, handout: handout("b") },
  ]);
  sink.room.push(3);
  outbox.drain();
  outbox.abandon();
  expect(requeued).toEqual(["b"]);
});

test("keeps its bytes when the socket is closed, until it is abandoned", () => {
  const { sink, outbox, requeued, handout } = setUp();
  sink.room.push(-1);
  send(outbox, "aa", [{ end: 2, handout: handout("a") }]);
  expect([outbox.length, outbox.sentBytes]).toEqual([2, 0]);
  expect(outbox.drain()).toBeTrue();
  sink.room.push(-1);
  expect(outbox.drain()).toBeFalse();
  outbox.abandon();
  expect([outbox.length, requeued]).toEqual([0, ["a"]]);
});

test("sends many small pieces with one system call", () => {
  const { sink, outbox } = setUp();
  for (const letter of "abcdef") send(outbox, letter);
  sink.writes = 0;
  sink.room.push(4, 9);
  outbox.drain();
  outbox.drain();
  expect([sink.taken, sink.writes]).toEqual(["abcdef", 2]);
});

test("counts unsent bytes in the budget until they are sent or the client is gone", () => {
  const { sink, budget, outbox } = setUp();
  sink.room.push(1);
  send(outbox, "abcd");
  expect(budget.bytes).toBe(3);
  sink.room.push(2);
  outbox.drain();
  expect(budget.bytes).toBe(1);
  outbox.abandon();
  expect(budget.bytes).toBe(0);
});

describe("replies that another okq passes on", () => {
  const pendingOf = (handout: (name: string) => Pending["handout"]) =>
    [..."abcd"].map((name, at) => ({ end: at + 1, handout: handout(name) }));

  test("are given back if that okq says that its client is gone and did not get them", () => {
    const { sink, budget, outbox, requeued, handout } = setUp(true);
    sink.room.push(3);
    send(outbox, "abcd", pendingOf(handout));
    outbox.confirm(2);
    outbox.lose();
    outbox.abandon();
    expect(requeued).toEqual(["d", "c"]);
    expect(budget.bytes).toBe(0);
  });

  test("are not given back without that, if they were sent", () => {
    const { sink, budget, outbox, requeued, handout } = setUp(true);
    sink.room.push(3);
    send(outbox, "abcd", pendingOf(handout));
    expect(budget.bytes).toBe(4);
    outbox.confirm(2);
    expect(budget.bytes).toBe(2);
    outbox.abandon();
    expect(requeued).toEqual(["d"]);
  });

  test("are forgotten when there are too many of them", () => {
    const { sink, outbox, requeued, handout } = setUp(true);
    for (let at = 0; at < 5000; at++) {
      sink.room.push(1);
      send(outbox, "x", [{ end: 1, handout: handout(`${at}`) }]);
    }
    outbox.lose();
    outbox.abandon();
    expect([requeued.length, requeued[0]]).toEqual([4096, "4999"]);
  });

  test("are forgotten when they are too large together", () => {
    const { sink, budget, outbox, requeued, handout } = setUp(true);
    const text = "x".repeat(1_000_000);
    for (const name of "abcd") {
      sink.room.push(text.length);
      send(outbox, text, [{ end: text.length, handout: handout(name) }]);
    }
    expect(budget.bytes).toBeLessThan(2_200_000);
    outbox.lose();
    outbox.abandon();
    expect(requeued).toEqual(["d", "c", "b"]);
  });
});
