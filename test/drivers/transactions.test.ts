// The transactions and pipelines of drivers, with their own functions for them.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Redis } from "ioredis";
import { createClient, MultiErrorReply } from "redis";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startOkqOn, storeNames } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { run } from "./programs.ts";

type Request = ["transaction" | "pipeline", string[][]];
type Shown = null | boolean | number | string | { error: string } | Shown[];

interface Driver {
  name: string;
  /** It throws an error in the place of all replies: of a transaction, or of a pipeline. */
  throws: ("transaction" | "pipeline")[];
  /** Its error where EXEC is answered with one. */
  aborted?: RegExp;
  /** The replies to each request; an error in the place of all if the driver says so. */
  replies(port: number, requests: Request[]): Promise<Shown[]>;
}

function shown(reply: unknown): Shown {
  if (reply instanceof Error) return { error: reply.message };
  return Array.isArray(reply) ? reply.map(shown) : (reply as Shown);
}

/** A program that reads a line for each request and writes one with the replies. */
function program(name: string, file: string, ...command: [string, ...string[]]): Driver {
  return {
    name,
    throws: [],
    async replies(port, requests) {
      const input = requests.map((request) => `${JSON.stringify(request)}\n`).join("");
      const args = [...command, join(import.meta.dir, file), `${port}`] as [string, ...string[]];
      const { stdout, stderr } = await run(args, input);
      expect(stderr).toBe("");
      return String(stdout)
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Shown);
    },
  };
}

async function inOrder(
  requests: Request[],
  replyTo: (request: Request) => Promise<unknown>,
): Promise<Shown[]> {
  const all: Shown[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (const request of requests) all.push(shown(await replyTo(request).catch((error) => error)));
  return all;
}

const drivers: Driver[] = [
  ...([3, 2] as const).map((protocol): Driver => ({
    name: `ioredis, RESP${protocol}`,
    throws: [],
    async replies(port, requests) {
      const okq = new Redis(port, { protocol });
      closeAfterTest({ close: () => okq.disconnect() });
      return await inOrder(requests, async ([how, commands]) => {
        const calls = commands.map((args) => ["call", ...args]);
        const steps = how === "transaction" ? okq.multi(calls) : okq.pipeline(calls);
        return (await steps.exec())!.map(([error, reply]) => error ?? reply);
      });
    },
  })),
  ...([3, 2] as const).map((protocol): Driver => ({
    name: `node-redis, RESP${protocol}`,
    throws: ["pipeline"],
    async replies(port, requests) {
      const okq = createClient({ url: `redis://127.0.0.1:${port}`, RESP: protocol });
      closeAfterTest({ close: () => okq.destroy() });
      await okq.connect();
      return await inOrder(requests, async ([how, commands]) => {
        const steps = okq.multi();
        for (const command of commands) steps.addCommand(command);
        const done = how === "transaction" ? steps.exec() : steps.execAsPipeline();
        return await done.catch((error: unknown) => {
          if (error instanceof MultiErrorReply) return error.replies;
          throw error;
        });
      });
    },
  })),
  program("redis-py", "transactions.py", "/usr/bin/python3"),
  {
    ...program("phpredis", "transactions.php", "php"),
    throws: ["transaction", "pipeline"],
    aborted: /socket error on read/,
  },
  program("redigo", "transactions.go", "go", "run"),
];

const push = (id: string) => ["QPUSH", "out", "x", "ID", id];
const ack = (id: string) => ["QACK", "in", id, "TOKEN", "*"];

describe.each(storeNames)("on %s", (store) => {
  test.each(drivers)("$name hands events over, and hears of errors", async (driver) => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    await ask(client, "QMPUSH", "in", "PAIRS", "1", "one", "2", "two", "3", "three");
    await ask(client, "QPOP", "COUNT", "3", "FROM", "in");
    await ask(client, "QPAUSE", "paused", "IN");
    const refused = ["QPUSH", "paused", "x"];
    const replies = await driver.replies(okq.port, [
      ["transaction", [push("1"), ack("1")]],
      ["transaction", [push("1"), ack("1"), ["QPOP", "FROM", "none"]]],
      ["transaction", [ack("2"), push("2"), refused]],
      ["transaction", [ack("2"), ["QPURGE", "out", "ready"]]],
      ["pipeline", [push("3"), push("3"), ack("3")]],
      ["transaction", [push("2"), ack("2")]],
    ]);
    const { throws, aborted } = driver;
    const duplicate = (id: string) => ({ error: `DUPLICATE ${id}` });
    expect(replies).toEqual([
      ["1", 1],
      throws.includes("transaction") ? duplicate("1") : [duplicate("1"), 0, null],
      { error: expect.stringMatching(aborted ?? /because of: PAUSED paused$/) as never },
      // Some show the error of the command, others that of EXEC.
      { error: expect.stringMatching(aborted ?? /is not allowed|EXECABORT/) as never },
      throws.includes("pipeline") ? duplicate("3") : ["3", duplicate("3"), 1],
      ["2", 1],
    ]);
    expect(await ask(client, "QSTATUS", "in", "out", "paused")).toEqual([
      ["in", 0, 0, 1],
      ["out", 3, 0, 0],
      ["paused", 0, 0, 0],
    ]);
  });
});
