// Which commands a connection refuses after a failed command: all that the client may have sent
// before it could see the error.
import { expect, test } from "bun:test";
import { ErrorReply } from "../../src/resp/reply.ts";
import { CommandsAfterFailure } from "../../src/server/commands-after-failure.ts";

const reply = new ErrorReply("ERR not done");
const idle = { bytes: 100, areStarted: true, isPaused: false };

function begun(): CommandsAfterFailure<string> {
  const later = new CommandsAfterFailure<string>();
  expect(later.reply).toBeNull();
  later.begin("failed", reply);
  return later;
}

test("refuses all commands until the error reply is sent", () => {
  const later = begun();
  later.refusedTo(1_000_000, 1_000_000);
  later.repliesSent(["failed", "later"], idle);
  expect(later.reply).toBe(reply);
  later.repliesSent(["later"], idle);
  expect(later.reply).toBeNull();
});

test("then refuses the commands that had already arrived", () => {
  const later = begun();
  later.repliesSent([], { ...idle, areStarted: false });
  later.refusedTo(99, 200);
  expect(later.reply).toBe(reply);
  later.refusedTo(100, 200);
  expect(later.reply).toBeNull();
});

test("refuses a command that had partly arrived, and commands that arrive with its rest", () => {
  const later = begun();
  later.repliesSent([], { ...idle, areStarted: false });
  later.refusedTo(130, 200);
  later.refusedTo(210, 220);
  later.refusedTo(219, 300);
  expect(later.reply).toBe(reply);
  later.refusedTo(220, 300);
  expect(later.reply).toBeNull();
});

test("stops refusing when no command arrives with the rest", () => {
  const later = begun();
  later.repliesSent([], { ...idle, areStarted: false });
  later.refusedTo(130, 130);
  expect(later.reply).toBeNull();
});

test("eventually serves a client whose commands always arrive in parts", () => {
  const later = begun();
  later.repliesSent([], { ...idle, areStarted: false });
  let bytes = 90;
  while (later.reply && bytes < 100_000_000) {
    bytes += 1_000_000;
    later.refusedTo(bytes, bytes + 500_000);
  }
  expect(bytes).toBeGreaterThan(10_000_000);
  expect(bytes).toBeLessThan(20_000_000);
});

test("refuses commands that a client sent while okq did not read, up to a number of bytes", () => {
  const later = begun();
  later.repliesSent([], { ...idle, isPaused: true });
  later.repliesSent([], idle);
  later.refusedTo(1_000_000, 1_000_000);
  expect(later.reply).toBe(reply);
  later.refusedTo(20_000_000, 30_000_000);
  expect(later.reply).toBeNull();
});

test("starts refusing again at another failure", () => {
  const later = begun();
  later.repliesSent([], { ...idle, areStarted: false });
  later.begin("another", reply);
  later.refusedTo(1_000, 1_000);
  expect(later.reply).toBe(reply);
  later.repliesSent([], idle);
  expect(later.reply).toBeNull();
});
