// Which commands a connection refuses behind a failure: those that had arrived when its reply left.
import { expect, test } from "bun:test";
import { Failure } from "../../src/resp/reply.ts";
import { Refusal } from "../../src/server/refusal.ts";

const reply = new Failure("ERR behind");
const idle = { bytes: 100, areStarted: true, isPaused: false };

function begun(): Refusal<string> {
  const refusal = new Refusal<string>();
  expect(refusal.reply).toBeNull();
  refusal.begin("failed", reply);
  return refusal;
}

test("refuses all commands until the reply with the failure has left", () => {
  const refusal = begun();
  refusal.refusedTo(1_000_000);
  refusal.answered(["failed", "later"], idle);
  expect(refusal.reply).toBe(reply);
  refusal.answered(["later"], idle);
  expect(refusal.reply).toBeNull();
});

test("then refuses the commands that had arrived, even if only in part", () => {
  const refusal = begun();
  refusal.answered([], { ...idle, areStarted: false });
  refusal.refusedTo(99);
  expect(refusal.reply).toBe(reply);
  refusal.refusedTo(130);
  expect(refusal.reply).toBeNull();
});

test("refuses also a bounded number of bytes that a client sent while it was not read", () => {
  const refusal = begun();
  refusal.answered([], { ...idle, isPaused: true });
  refusal.answered([], idle);
  refusal.refusedTo(1_000_000);
  expect(refusal.reply).toBe(reply);
  refusal.refusedTo(20_000_000);
  expect(refusal.reply).toBeNull();
});

test("a failure meanwhile starts the refusal again", () => {
  const refusal = begun();
  refusal.answered([], { ...idle, areStarted: false });
  refusal.begin("another", reply);
  refusal.refusedTo(1_000);
  expect(refusal.reply).toBe(reply);
  refusal.answered([], idle);
  expect(refusal.reply).toBeNull();
});
