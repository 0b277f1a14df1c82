// Redis' list commands: who may call them, how they are described, and what they refuse.
import { describe, expect, test } from "bun:test";
import { LIST_REACH, LIST_STEP_MAX } from "../../src/queue/lists.ts";
import { startOkqOn, startTestOkq, type TestOkq, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import { waitingClient } from "../support/waiting-client.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

function say(client: Wire, ...commands: string[]): Promise<Readable[]> {
  return askAll(client, ...commands.map((command) => command.split(" ")));
}

/** Pushes so many events "x". */
async function fill(client: Wire, queue: string, count: number): Promise<void> {
  const most = Array<string>(LIST_STEP_MAX).fill("x");
  for (let left = count; left > 0; left -= LIST_STEP_MAX) {
    await ask(client, "LPUSH", queue, ...most.slice(0, left));
  }
}

describe("described as in Redis", () => {
  test("arity, flags and keys", async () => {
    const client = await (await startTestOkq()).connect();
    const facts = `
lpush -3 write,denyoom,fast 1,1,1
rpush -3 write,denyoom,fast 1,1,1
lpushx -3 write,denyoom,fast 1,1,1
rpushx -3 write,denyoom,fast 1,1,1
lpop -2 write,fast 1,1,1
rpop -2 write,fast 1,1,1
lmpop -4 write,movablekeys 0,0,0
blpop -3 write,noscript,blocking 1,-2,1
brpop -3 write,noscript,blocking 1,-2,1
blmpop -5 write,blocking,movablekeys 0,0,0
lmove 5 write,denyoom 1,2,1
rpoplpush 3 write,denyoom 1,2,1
blmove 6 write,denyoom,noscript,blocking 1,2,1
brpoplpush 4 write,denyoom,noscript,blocking 1,2,1
llen 2 readonly,fast 1,1,1
lrange 4 readonly 1,1,1
lindex 3 readonly 1,1,1
lpos -3 readonly 1,1,1
lrem 4 write 1,1,1
ltrim 4 write 1,1,1
lset 4 write,denyoom 1,1,1
linsert 5 write,denyoom 1,1,1`;
    const lines = facts.trim().split("\n");
    const names = lines.map((line) => line.split(" ")[0]!);
    const infos = (await ask(client, "COMMAND", "INFO", ...names)) as Readable[][];
    const shown = infos.map(([name, arity, flags, ...keys]) => {
      const words = (flags as string[]).map((flag) => flag.slice(1));
      return `${name} ${arity} ${words.join(",")} ${keys.slice(0, 3).join(",")}`;
    });
    expect(shown).toEqual(lines);
  });
});

describe("bounds", () => {
  test("of elements and bytes in one push", async () => {
    const okq = await startTestOkq({ maxEventBytes: 100, maxNameBytes: 64 });
    const client = await okq.connect();
    const many = (count: number) => Array<string>(count).fill("");
    expect(await ask(client, "LPUSH", "q", ...many(LIST_STEP_MAX))).toBe(LIST_STEP_MAX);
    expect(await ask(client, "LPUSH", "q", ...many(LIST_STEP_MAX + 1))).toBe(
      "-ERR too many elements, 10001 of at most 10000",
    );
    const half = "x".repeat(51);
    const tooLarge = "-ERR event too large, 102 of at most 100 bytes (--max-event-bytes)";
    expect(await ask(client, "RPUSHX", "q", half, half)).toBe(tooLarge);
    const name = "x".repeat(65);
    const tooLong = "-ERR queue name too long, 65 of at most 64 bytes (--max-name-bytes)";
    for (const push of [`LPUSH ${name} x`, `LMOVE q ${name} LEFT LEFT`]) {
      expect(await say(client, push)).toEqual([tooLong]);
    }
    expect(await ask(client, "LLEN", "q")).toBe(LIST_STEP_MAX);
  });

  test("of queues in one pop", async () => {
    const client = await (await startTestOkq()).connect();
    const queues = Array.from({ length: 1025 }, (_, n) => `q${n}`);
    const refusal = "-ERR too many queues, 1025 of at most 1024";
    expect(await ask(client, "BLPOP", ...queues, 0)).toBe(refusal);
    expect(await ask(client, "LMPOP", 1025, ...queues, "LEFT")).toBe(refusal);
    expect(await ask(client, "BLPOP", ...queues.slice(1), "0.01")).toBeNull();
  });

  test("of pops: at most a step, and in a transaction what one may be about", async () => {
    const client = await (await startTestOkq()).connect();
    await fill(client, "q", LIST_STEP_MAX + 5);
    expect(await ask(client, "LPOP", "q", "9223372036854775807")).toHaveLength(LIST_STEP_MAX);
    expect(await say(client, "MULTI", "RPOP q 1001", "EXEC")).toEqual([
      "+OK",
      "-ERR too many events in a transaction, 1001 of at most 1000",
      "-EXECABORT Transaction discarded because of previous errors.",
    ]);
    expect(await ask(client, "RPOP", "q", 1001)).toHaveLength(5);
  });

  test.each(["memory", "redis"] as const)("of long lists, on %s", async (store) => {
    const client = await (await startOkqOn(store)).connect();
    const count = 2 * LIST_REACH + 2;
    await fill(client, "q", count);
    const refusal = "-ERR the list is too large for this command, it goes 100000 events far: 'q'";
    const refused = [
      `LRANGE q ${LIST_REACH} ${LIST_REACH + 1}`,
      "LRANGE q 0 -1",
      `LINDEX q ${LIST_REACH}`,
      `LSET q ${-LIST_REACH - 1} y`,
      "LPOS q x",
      "LPOS q x RANK -1 MAXLEN 1",
      "LREM q 1 x",
      `LTRIM q ${LIST_REACH + 1} -1`,
    ];
    for (const command of refused) {
      expect([command, ...(await say(client, command))]).toEqual([command, refusal]);
    }
    expect(await say(client, "LINSERT q BEFORE x y")).toEqual([
      "-ERR LINSERT takes 100000 ready events, without priorities and groups: 'q'",
    ]);
    const done = [
      `LRANGE q ${LIST_REACH - 1} ${LIST_REACH - 1}`,
      `LINDEX q ${-LIST_REACH}`,
      "LPOS q x MAXLEN 9 RANK 2",
      `LSET q ${LIST_REACH - 1} y`,
      "LPOP q",
      `LTRIM q ${LIST_REACH} -1`,
      "LLEN q",
    ];
    const left = count - 1 - LIST_REACH;
    expect(await say(client, ...done)).toEqual([["x"], "x", 1, "+OK", "x", "+OK", left]);
  });

  test.each(["memory", "redis"] as const)("of what holds up others, on %s", async (store) => {
    const okq = await startOkqOn(store);
    const [client, other] = [await okq.connect(), await okq.connect()];
    await fill(client, "q", 2 * LIST_STEP_MAX);
    for (const search of ["LREM q 0 y", "LINSERT q AFTER y z", "LINDEX q 10000"]) {
      client.pipeline(...Array<string[]>(30).fill(search.split(" ")));
      await client.next();
      const others = client.take(29);
      const first = await Promise.race([ask(other, "LLEN", "q"), others]);
      expect([search, first]).toEqual([search, 2 * LIST_STEP_MAX]);
      await others;
    }
  });

  test("what follows a refused LINSERT in a pipeline is not done", async () => {
    const client = await (await startTestOkq()).connect();
    await say(client, "QCONFIG q max-length 1", "LPUSH q a", "LPUSH p b");
    const [refused, next] = await say(client, "LINSERT q BEFORE a x", "LPOP p");
    expect(refused).toBe("-QUEUEFULL q");
    expect(next).toStartWith("-");
    expect(await say(client, "LLEN p")).toEqual([1]);
  });

  test("LINSERT refuses priorities and groups", async () => {
    const client = await (await startTestOkq()).connect();
    await say(client, "QPUSH p x PRIORITY 1", "QPUSH g x GROUP 1");
    for (const queue of ["p", "g"]) {
      expect(await say(client, `LINSERT ${queue} BEFORE x y`)).toEqual([
        `-ERR LINSERT takes 100000 ready events, without priorities and groups: '${queue}'`,
      ]);
    }
  });
});

test("LMOVE over shards is refused, and pops over shards are not", async () => {
  const client = await (await startOkqOn("cluster")).connect();
  await ask(client, "LPUSH", "a", "x");
  const apart = "-CROSSSLOT the target is in another shard: use the same part in braces, not 'b'";
  const moves = ["LMOVE a b LEFT RIGHT", "RPOPLPUSH a b", "BLMOVE a b LEFT RIGHT 0"];
  moves.push("BRPOPLPUSH a b 0");
  expect(await say(client, ...moves)).toEqual([apart, apart, apart, apart]);
  const queues = Array.from({ length: 9 }, (_, n) => `none${n}`);
  expect(await ask(client, "BLPOP", ...queues, "a", 0)).toEqual(["a", "x"]);
  const waits = await waitingClient(await startOkqOn("memory"), ["BLPOP", ...queues, 0]);
  waits.close();
});

describe("rights", () => {
  async function logIn(okq: TestOkq, name: string): Promise<Wire> {
    const client = await okq.connect();
    expect(await ask(client, "AUTH", name, passwordOf(name))).toBe("+OK");
    return client;
  }

  const users = (...lines: string[]) => startTestOkq({ users: writeUsers(...lines).path });
  const noQueue = (name: string) =>
    `-NOPERM User ann has no permissions to use the queue '${name}'`;

  test("every queue of a command must be allowed", async () => {
    const client = await logIn(await users("ann all a* 1 2"), "ann");
    const refused = [
      "BLPOP a b 0",
      "BRPOP b a 0",
      "LMPOP 2 a b LEFT",
      "LMPOP 2 b a LEFT",
      "BLMPOP 0 3 a a2 b RIGHT COUNT 2",
      "LMOVE a b LEFT LEFT",
      "RPOPLPUSH b a",
      "BRPOPLPUSH a b 0",
    ];
    for (const command of refused) {
      expect([command, ...(await say(client, command))]).toEqual([command, noQueue("b")]);
    }
    const allowed = ["BLPOP a a2 0.001", "LMPOP 1 a LEFT", "BLMPOP 0.001 2 a a2 RIGHT COUNT 1"];
    expect(await say(client, ...allowed, "RPOPLPUSH a a2")).toEqual([null, null, null, null]);
    const wrong = ["LMPOP x b LEFT", "LMPOP 01 b LEFT", "LMPOP 99999999999999999 b LEFT"];
    for (const command of wrong) {
      expect(String(await say(client, command))).not.toStartWith(
        "-NOPERM User ann has no permissions to run",
      );
      expect(String(await say(client, command))).toStartWith("-");
    }
  });

  test("a move needs the rights to consume and to push", async () => {
    const okq = await users("ann consume *", "bob push *", "eve push,consume *");
    const moves = ["RPOPLPUSH q p", "LMOVE q p LEFT LEFT", "BLMOVE q p LEFT LEFT 0.001"];
    const ann = await logIn(okq, "ann");
    const refusal = "-NOPERM User ann has no permissions to push into the queue 'p'";
    expect(await say(ann, ...moves)).toEqual([refusal, refusal, refusal]);
    const bob = await logIn(okq, "bob");
    for (const move of moves) {
      const name = move.split(" ")[0]!.toLowerCase();
      expect(await say(bob, move)).toEqual([
        `-NOPERM User bob has no permissions to run the '${name}' command`,
      ]);
    }
    expect(await say(await logIn(okq, "eve"), ...moves)).toEqual([null, null, null]);
  });

  test("consumers may remove events, and only managers change them", async () => {
    const okq = await users("ann push,consume,inspect *", "bob push,inspect *", "eve manage *");
    const ann = await logIn(okq, "ann");
    await say(ann, "RPUSH q 1 2 3 4");
    expect(await say(ann, "LREM q 1 1", "LTRIM q 0 1")).toEqual([1, "+OK"]);
    for (const change of ["LSET q 0 x", "LINSERT q BEFORE 2 x"]) {
      expect(String(await say(ann, change))).toStartWith("-NOPERM");
    }
    const bob = await logIn(okq, "bob");
    for (const change of ["LREM q 1 2", "LTRIM q 1 0", "LPOP q"]) {
      expect(String(await say(bob, change))).toStartWith("-NOPERM");
    }
    const eve = await logIn(okq, "eve");
    expect(await say(eve, "LSET q 0 x", "LINSERT q AFTER x y", "LREM q 0 x")).toEqual([
      "+OK",
      3,
      1,
    ]);
    expect(await say(bob, "LRANGE q 0 -1")).toEqual([["y", "3"]]);
  });
});
