// Compares the headers of the Lua files with the calls from okq to Redis and with the replies.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import {
  type Argument,
  type Encoding,
  type ScriptReply,
  verbs,
} from "../../src/stores/redis/verbs.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { Random } from "./random.ts";
import { RandomOperations } from "./random-operations.ts";
import { targetOf, ignoredCallbacks } from "./redis-targets.ts";
import { fitsArguments, fitsReply, headerOf } from "./script-header.ts";

interface Exchange {
  call: string[];
  reply: unknown;
}

const kinds = Object.keys(verbs) as (keyof typeof verbs)[];

/** The header that all verbs share. */
interface Verb {
  call(operations: unknown, encoding: Encoding): Argument[];
  results(reply: ScriptReply, operations: unknown): unknown[];
}

/** Records the calls and replies of each verb. Returns a function that stops recording. */
function listen(exchanges: Record<string, Exchange[]>): () => void {
  const undo: (() => void)[] = [];
  for (const kind of kinds) {
    const verb = verbs[kind] as unknown as Verb;
    const { call, results } = verb;
    const recorded: Exchange[] = (exchanges[kind] = []);
    let last: string[] = [];
    verb.call = (operations, encoding) => {
      const called = call(operations, encoding);
      last = called.map(String);
      return called;
    };
    verb.results = (reply, operations) => {
      recorded.push({ call: last, reply });
      return results(reply, operations);
    };
    undo.push(() => void Object.assign(verb, { call, results }));
  }
  return () => undo.forEach((each) => each());
}

async function exchangesOfAllVerbs(): Promise<Record<string, Exchange[]>> {
  const { port } = await startTestRedis();
  const target = targetOf({ nodes: [{ host: "127.0.0.1", port }] });
  const store = closeAfterTest(
    await RedisStore.open({ target, poolSize: 1, onReady() {}, ...ignoredCallbacks }),
  );
  const exchanges: Record<string, Exchange[]> = {};
  const stopListening = listen(exchanges);
  try {
    const session = store.session();
    const operations = new RandomOperations(new Random(1));
    for (let round = 0; round < 60; round++) {
      for (const operation of operations.batch()) await session.ask(operation);
    }
    for (const leaseMs of [0, 1000]) {
      const queue = Buffer.from("undone");
      await session.ask({
        kind: "push",
        queue,
        end: "left",
        id: queue,
        contents: queue,
        options: null,
      });
      const popped = await session.ask({ kind: "pop", queue, leaseMs, claimant: null });
      expect(await session.ask({ kind: "unpop", queue, popped: popped! })).toBe(true);
    }
    await session.ask({ kind: "list", after: null, limit: 2 });
    await session.ask({ kind: "list", after: Buffer.from("a"), limit: 1000 });
    await session.ask({ kind: "probe" });
  } finally {
    stopListening();
  }
  return exchanges;
}

test("every verb is called and replies as its header says", async () => {
  const exchanges = await exchangesOfAllVerbs();
  for (const kind of kinds) {
    const path = join(import.meta.dir, `../../src/stores/redis/${kind}.lua`);
    const script = readFileSync(path, "utf8");
    const [argv, returns] = [headerOf(script, "ARGV"), headerOf(script, "Returns")];
    expect([kind, exchanges[kind]!.length > 0]).toEqual([kind, true]);
    for (const { call, reply } of exchanges[kind]!) {
      if (!fitsArguments(argv, call))
        throw new Error(`${kind} is called with ${call}, not ${argv}`);
      if (!fitsReply(returns, reply)) throw new Error(`${kind} returns ${reply}, not ${returns}`);
    }
  }
});

test.each([
  ["queue DONE|REDO id...", ["0", "DONE", "a", "b"], true],
  ["queue DONE|REDO id...", ["0", "LATER", "a"], false],
  ["queue DONE|REDO id...", ["0"], false],
  ["queue leaseMs count", ["0", "1000", "1"], true],
  ["queue leaseMs count", ["0", "soon", "1"], false],
  ["queue leaseMs count", ["0", "1000", "1", "more"], false],
  ["ttlMs (queue's name, count)...", ["20", "q", "1", "r", "2"], true],
  ["ttlMs (queue's name, count)...", ["20", "q", "1", "r"], false],
  ["", [], true],
  ["", ["x"], false],
])("compares a call with a header: %p called with %p fits: %p", (header, call, fits) => {
  expect(fitsArguments(header, call)).toBe(fits);
});

const text = Buffer.from("x");

test.each([
  ["nil", null, true],
  ["nil", 1, false],
  ["how many were moved", 1, true],
  ["how many were moved", [1], false],
  ["the places, from 1, of the ids", [1, 2], true],
  ["the places, from 1, of the ids", [text], false],
  ["id contents, or nil", [text, text], true],
  ["id contents, or nil", null, true],
  ["id contents, or nil", [text], false],
  ["id contents id contents ..., fewer than count", [text, text], true],
  ["id contents id contents ..., fewer than count", [text, text, text], false],
  ["next, then name total processing consumers for every queue", [null, text, 1, 1, 1], true],
  ["next, then name total processing consumers for every queue", [null, text, 1, 1], false],
  ["total processing consumers, one after the other for every queue", [1, 1, 1], true],
  ["total processing consumers, one after the other for every queue", [1, 1, text], false],
])("compares a reply with a header: %#", (header, reply, fits) => {
  expect(fitsReply(header, reply)).toBe(fits);
});
