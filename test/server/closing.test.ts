// The end of a connection whose replies are all sent, on the clock of the test.
import { expect, test } from "bun:test";
import { Handout } from "../../src/commands/answer.ts";
import { Closing } from "../../src/server/closing.ts";
import { TestClock } from "../support/test-clock.ts";

function setUp() {
  const clock = new TestClock();
  const calls: string[] = [];
  const socket = {
    shutdown: () => void calls.push("shutdown"),
    close: () => void calls.push("close"),
  };
  const requeued: string[] = [];
  const event = (name: string, mayComeTwice = true) =>
    new (class extends Handout {
      giveBack = () => void requeued.push(name);
    })(null, mayComeTwice);
  return { clock, calls, requeued, event, closing: new Closing(socket, clock) };
}

test("half-closes, and closes when the client has sent nothing for 300 ms", () => {
  const { clock, calls, closing } = setUp();
  closing.begin();
  clock.advance(200);
  closing.discard(10);
  clock.advance(399);
  expect(calls).toEqual(["shutdown"]);
  clock.advance(1);
  expect(calls).toEqual(["shutdown", "close"]);
});

test("closes after 5 seconds although the client keeps sending", () => {
  const { clock, calls, closing } = setUp();
  closing.begin();
  for (let ms = 0; ms < 5_000; ms += 100) {
    closing.discard(10);
    clock.advance(100);
  }
  expect(calls).toEqual(["shutdown"]);
  closing.discard(10);
  clock.advance(300);
  expect(calls).toEqual(["shutdown", "close"]);
});

test("closes when the client has sent more than 1 GiB", () => {
  const { calls, closing } = setUp();
  closing.begin();
  closing.discard(1024 ** 3);
  expect(calls).toEqual(["shutdown"]);
  closing.discard(1);
  expect(calls).toEqual(["shutdown", "close"]);
});

test("closes at once when the client has half-closed", () => {
  const { calls, closing } = setUp();
  closing.peerHalfClosed();
  closing.begin();
  expect(calls).toEqual(["close"]);
});

test("waits 30 ms for a reset if the last replies have events", () => {
  const { clock, calls, requeued, event, closing } = setUp();
  closing.peerHalfClosed();
  closing.addUnconfirmed(event("a"));
  closing.begin();
  clock.advance(29);
  expect(calls).toEqual([]);
  clock.advance(1);
  expect(calls).toEqual(["close"]);
  closing.closed(true);
  closing.requeue();
  expect(requeued).toEqual([]);
});

test("requeues these events after a reset, unless they are delivered at most once", () => {
  const { clock, requeued, event, closing } = setUp();
  closing.peerHalfClosed();
  closing.addUnconfirmed(event("a"));
  closing.addUnconfirmed(event("at most once", false));
  closing.addUnconfirmed(event("b"));
  closing.begin();
  closing.closed(false);
  closing.requeue();
  closing.requeue();
  expect([requeued, clock.timers]).toEqual([["b", "a"], 0]);
});
