// The outbox with a sink that takes as much as the test says: what is sent when, and which events
// go back when the client is gone.
import { expect, test } from "bun:test";
import { Handout } from "../../src/commands/answer.ts";
import { Outbox } from "../../src/server/outbox.ts";

class Taker {
  /** How many bytes the next writes take. */
  readonly room: number[] = [];
  taken = "";

  write(bytes: Buffer): number {
    const count = Math.min(bytes.length, this.room.shift() ?? 0);
    if (count > 0) this.taken += bytes.toString("latin1", 0, count);
    return count;
  }
}

function setUp() {
  const sink = new Taker();
  const givenBack: string[] = [];
  const handout = (name: string) =>
    new (class extends Handout {
      giveBack = () => void givenBack.push(name);
    })(null, true);
  return { sink, outbox: new Outbox(sink), givenBack, handout };
}

test("bytes leave in order, however few the socket takes at a time", () => {
  const { sink, outbox } = setUp();
  sink.room.push(2);
  outbox.send(Buffer.from("abcd"), []);
  outbox.send(Buffer.from("efgh"), []);
  expect([sink.taken, outbox.length, outbox.sentBytes]).toEqual(["ab", 6, 2]);
  sink.room.push(1);
  outbox.drain();
  expect(sink.taken).toBe("abc");
  sink.room.push(1, 3, -1);
  outbox.drain();
  outbox.drain();
  expect([sink.taken, outbox.length]).toEqual(["abcdefg", 1]);
  sink.room.push(9);
  outbox.drain();
  expect([sink.taken, outbox.length, outbox.sentBytes]).toEqual(["abcdefgh", 0, 8]);
});

test("bytes that are only lent are copied before they change", () => {
  const { sink, outbox } = setUp();
  const lent = Buffer.from("abcd");
  sink.room.push(1);
  outbox.send(lent, []);
  lent.fill("x");
  sink.room.push(9);
  outbox.drain();
  expect(sink.taken).toBe("abcd");
});

test("events whose replies were not taken go back, the first popped last", () => {
  const { sink, outbox, givenBack, handout } = setUp();
  sink.room.push(5);
  outbox.send(Buffer.from("aabbcc"), [
    { end: 2, handout: handout("a") },
    { end: 4, handout: handout("b") },
    { end: 6, handout: handout("c") },
  ]);
  outbox.send(Buffer.from("dd"), [{ end: 2, handout: handout("d") }]);
  outbox.abandon();
  expect(givenBack).toEqual(["d", "c"]);
  outbox.abandon();
  expect(givenBack).toEqual(["d", "c"]);
});

test("events whose replies were taken later stay with the client", () => {
  const { sink, outbox, givenBack, handout } = setUp();
  outbox.send(Buffer.from("aabb"), [
    { end: 2, handout: handout("a") },
    { end: 4, handout: handout("b") },
  ]);
  sink.room.push(3);
  outbox.drain();
  outbox.abandon();
  expect(givenBack).toEqual(["b"]);
});

test("a socket that is closed takes nothing", () => {
  const { sink, outbox, givenBack, handout } = setUp();
  sink.room.push(-1);
  outbox.send(Buffer.from("aa"), [{ end: 2, handout: handout("a") }]);
  expect([outbox.length, outbox.sentBytes]).toEqual([2, 0]);
  expect(outbox.drain()).toBeTrue();
  sink.room.push(-1);
  expect(outbox.drain()).toBeFalse();
  outbox.abandon();
  expect([outbox.length, givenBack]).toEqual([0, ["a"]]);
});
