// Started commands: the memory that they keep, and answers that a bug in okq makes impossible to
// create or encode. The client gets an error, the event is requeued, and other clients are served.
import { expect, spyOn, test } from "bun:test";
import { Handout, LongReply } from "../../src/commands/answer.ts";
import type { Client } from "../../src/commands/caller.ts";
import type { RunCommand, StoreCommand } from "../../src/commands/command.ts";
import type { Context } from "../../src/commands/context.ts";
import { commands } from "../../src/commands/table.ts";
import type { Reply } from "../../src/resp/reply.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask, askAll } from "../support/readable.ts";

type Run = RunCommand<Client, Context>;

/** Replaces the implementation of a command. */
function replaceRun(name: string, run: Run["run"]): void {
  const command = commands.find((each) => each.name === name) as Run;
  const spy = spyOn(command, "run").mockImplementation(run);
  closeAfterTest({ close: () => spy.mockRestore() });
}

const NOT_AN_INTEGER = 0.5;

test("answers with an error instead of a reply that cannot be encoded", async () => {
  const okq = await startTestOkq();
  replaceRun("ECHO", () => ["a", NOT_AN_INTEGER]);
  const client = await okq.connect();
  const replies = await askAll(client, ["PING"], ["ECHO", "x"], ["PING"]);
  expect(replies).toEqual(["+PONG", "-ERR internal error: not an integer reply: 0.5", "+PONG"]);
  expect(okq.log.filter((line) => line.includes("internal error in ECHO"))).toHaveLength(1);
  expect(await ask(client, "INFO", "stats")).toContain("total_error_replies:1\r\n");
});

test("gives back the event of a reply that cannot be encoded", async () => {
  const okq = await startTestOkq();
  let givenBack = 0;
  const handout = new (class extends Handout {
    giveBack = () => void (givenBack += 1);
  })([NOT_AN_INTEGER], true);
  replaceRun("ECHO", () => handout);
  const client = await okq.connect();
  expect(await ask(client, "ECHO", "x")).toStartWith("-ERR internal error");
  client.reset();
  expect(await ask(await okq.connect(), "PING")).toBe("+PONG");
  expect(givenBack).toBe(1);
});

test("closes only the connection whose long reply fails in the middle", async () => {
  const okq = await startTestOkq();
  let releases = 0;
  function* parts(): Generator<Reply> {
    for (let at = 0; at < 1000; at++) yield at;
    throw new Error("broken");
  }
  replaceRun("ECHO", () => new LongReply(parts(), () => void (releases += 1)));
  const [client, other] = [await okq.connect(), await okq.connect()];
  client.pipeline(["ECHO", "x"]);
  await client.untilClosed();
  expect(await ask(other, "PING")).toBe("+PONG");
  expect(releases).toBe(1);
  expect(okq.log.filter((line) => line.includes("serving a client failed"))).toHaveLength(1);
});

test("answers with an error when a result cannot be made into a reply", async () => {
  const okq = await startTestOkq();
  const flush = commands.find(({ name }) => name === "QFLUSH") as StoreCommand;
  const spy = spyOn(flush, "reply").mockImplementation(() => {
    throw new Error("broken");
  });
  closeAfterTest({ close: () => spy.mockRestore() });
  const client = await okq.connect();
  const replies = await askAll(client, ["QFLUSH", "q"], ["QLPUSH", "q", "1", "x"]);
  expect(replies).toEqual(["-ERR internal error: broken", "+OK"]);
});

test("keeps only the bytes of its own arguments while a command waits", async () => {
  const okq = await startTestOkq();
  const kept: number[] = [];
  replaceRun("QNOTIFY", async ({ args }) => {
    for (const { buffer } of args) kept.push(buffer.byteLength);
    return null;
  });
  const client = await okq.connect();
  client.pipeline(...Array.from({ length: 1000 }, () => ["PING"]), ["QNOTIFY", "10"]);
  await client.take(1001);
  expect(kept).toEqual(["QNOTIFY".length, "10".length]);
});
