// Which commands a connection refuses after a failed command: all that the client may have sent
// before it could see the error.
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

test("refuses all commands until the error reply is sent", () => {
  const refusal = begun();
  refusal.refusedTo(1_000_000, 1_000_000);
  refusal.answered(["failed", "later"], idle);
  expect(refusal.reply).toBe(reply);
  refusal.answered(["later"], idle);
  expect(refusal.reply).toBeNull();
});

test("then refuses the commands that had already arrived", () => {
  const refusal = begun();
  refusal.answered([], { ...idle, areStarted: false });
  refusal.refusedTo(99, 200);
  expect(refusal.reply).toBe(reply);
  refusal.refusedTo(100, 200);
  expect(refusal.reply).toBeNull();
});

test("refuses a command that had partly arrived, and commands that arrive with its rest", () => {
  const refusal = begun();
  refusal.answered([], { ...idle, areStarted: false });
  refusal.refusedTo(130, 200);
  refusal.refusedTo(210, 220);
  refusal.refusedTo(219, 300);
  expect(refusal.reply).toBe(reply);
  refusal.refusedTo(220, 300);
  expect(refusal.reply).toBeNull();
});

test("stops refusing when no command arrives with the rest", () => {
  const refusal = begun();
  refusal.answered([], { ...idle, areStarted: false });
  refusal.refusedTo(130, 130);
  expect(refusal.reply).toBeNull();
});

test("eventually serves a client whose commands always arrive in parts", () => {
  const refusal = begun();
  refusal.answered([], { ...idle, areStarted: false });
  let bytes = 90;
  while (refusal.reply && bytes < 100_000_000) {
    bytes += 1_000_000;
    refusal.refusedTo(bytes, bytes + 500_000);
  }
  expect(bytes).toBeGreaterThan(10_000_000);
  expect(bytes).toBeLessThan(20_000_000);
});

test("refuses commands that a client sent while okq did not read, up to a number of bytes", () => {
  const refusal = begun();
  refusal.answered([], { ...idle, isPaused: true });
  refusal.answered([], idle);
  refusal.refusedTo(1_000_000, 1_000_000);
  expect(refusal.reply).toBe(reply);
  refusal.refusedTo(20_000_000, 30_000_000);
  expect(refusal.reply).toBeNull();
});

test("starts refusing again at another failure", () => {
  const refusal = begun();
  refusal.answered([], { ...idle, areStarted: false });
  refusal.begin("another", reply);
  refusal.refusedTo(1_000, 1_000);
  expect(refusal.reply).toBe(reply);
  refusal.answered([], idle);
  expect(refusal.reply).toBeNull();
});
