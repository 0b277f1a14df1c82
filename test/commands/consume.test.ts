// QPOP and QNEXT over the wire, without waiting: what they answer, from which queue, and who holds
// the claim.
import { describe, expect, test } from "bun:test";
import { eventuallyEqual } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

type Popped = [string, string, string, string | null, number, string[]];

async function push(client: Wire, queue: string, ...ids: string[]): Promise<void> {
  await askAll(client, ...ids.map((id) => ["QPUSH", queue, `contents of ${id}`, "ID", id]));
}

async function pop(client: Wire, ...args: (string | number)[]): Promise<Popped[] | null> {
  const reply = await ask(client, "QPOP", ...args);
  if (typeof reply === "string") throw new Error(reply);
  return reply as Popped[] | null;
}

function idsOf(events: Popped[] | null): string[] {
  return (events ?? []).map(([, id]) => id);
}

/** The bytes of the reply to a command in a version of the protocol. */
async function bytesOf(port: number, version: number, command: string): Promise<string> {
  const received = Promise.withResolvers<string>();
  let text = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_, chunk) {
        text += chunk.toString("latin1");
      },
      close: () => received.resolve(text),
    },
  });
  socket.write(`HELLO ${version}\r\nECHO here\r\n${command}\r\nQUIT\r\n`);
  const all = await received.promise;
  return all.slice(all.indexOf("here\r\n") + 6, -"+OK\r\n".length);
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("an event is [queue, id, contents, token, attempt, headers]", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QPUSH", "q", "x", "ID", "1", "HEADER", "a", "b", "HEADER", "c", "d");
    const [[...event]] = (await pop(client, "FROM", "q")) as [Popped];
    expect(event).toEqual(["q", "1", "x", expect.any(String), 1, ["a", "b", "c", "d"]]);
    expect(await ask(client, "QACK", "q", "1", "TOKEN", event[3]!)).toBe(1);
    await push(client, "q", "2");
    const removed = await pop(client, "NOACK", "FROM", "q");
    expect(removed).toEqual([["q", "2", "contents of 2", null, 1, []]]);
    expect(await ask(client, "QACK", "q", "2")).toBe(0);
  });

  test("counts attempts, and gives every claim another token", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QPUSH", "q", "x", "ID", "1", "BACKOFF", "none");
    const tokens = new Set<string>();
    for (let attempt = 1; attempt <= 3; attempt++) {
      const [[, , , token, found]] = (await pop(client, "FROM", "q")) as [Popped];
      expect(found).toBe(attempt);
      tokens.add(token!);
      expect(await ask(client, "QFAIL", "q", "1", token!)).toBe("ready");
    }
    expect(tokens.size).toBe(3);
  });

  test("answers a null array in RESP2 and _ in RESP3 if there is nothing", async () => {
    const { port } = await startOkqOn(store);
    expect(await bytesOf(port, 2, "QPOP FROM q")).toBe("*-1\r\n");
    expect(await bytesOf(port, 3, "QPOP FROM q")).toBe("_\r\n");
    expect(await bytesOf(port, 2, "QPOP WAIT 0.01 FROM q")).toBe("*-1\r\n");
    expect(await bytesOf(port, 2, "QNEXT q 1 t FROM q")).toBe("*2\r\n:0\r\n*-1\r\n");
    expect(await bytesOf(port, 2, "QGET q 1")).toBe("*-1\r\n");
    expect(await bytesOf(port, 2, "QFAIL q 1 t")).toBe("$-1\r\n");
  });

  test("takes the first queue that has an event, and with COUNT those behind it too", async () => {
    const client = await (await startOkqOn(store)).connect();
    await push(client, "b", "b1", "b2");
    await push(client, "c", "c1", "c2");
    expect(idsOf(await pop(client, "FROM", "a", "b", "c"))).toEqual(["b1"]);
    expect(idsOf(await pop(client, "FROM", "c", "b"))).toEqual(["c1"]);
    expect(idsOf(await pop(client, "COUNT", 9, "FROM", "a", "b", "c"))).toEqual(["b2", "c2"]);
    expect(await pop(client, "COUNT", 9, "FROM", "a", "b", "c")).toBeNull();
  });

  test("WEIGHTS draws the order of the queues anew for each pop", async () => {
    const client = await (await startOkqOn(store)).connect();
    const count = 200;
    for (const queue of ["a", "b"]) {
      await push(client, queue, ...Array.from({ length: count }, (_, at) => `${at}`));
    }
    const pops = Array.from({ length: count }, () => "QPOP WEIGHTS 3 1 FROM a b".split(" "));
    const queues = (await askAll(client, ...pops)).map((reply) => (reply as Popped[])[0]![0]);
    // 150 are expected; a fair program is outside of these bounds once in a million runs.
    expect(queues.filter((queue) => queue === "a").length).toBeWithin(118, 182);
  });

  test("LEASE says how long the claim lasts, else the queue's lease", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCONFIG", "q", "lease", "1000");
    await push(client, "q", "1", "2");
    const leaseOf = async (id: string) => {
      const flat = (await ask(client, "QGET", "q", id)) as string[];
      return Number(flat[flat.indexOf("lease-ends-at") + 1]) - Date.now() / 1000;
    };
    await pop(client, "LEASE", "5000", "FROM", "q");
    await pop(client, "FROM", "q");
    expect(await leaseOf("1")).toBeWithin(4900, 5001);
    expect(await leaseOf("2")).toBeWithin(900, 1001);
  });

  test("QGET shows the worker that AS or CLIENT SETNAME names", async () => {
    const client = await (await startOkqOn(store)).connect();
    await push(client, "q", "1", "2", "3", "4");
    const workerOf = async (id: string) => {
      const flat = (await ask(client, "QGET", "q", id)) as string[];
      return flat.includes("worker") ? flat[flat.indexOf("worker") + 1] : null;
    };
    await pop(client, "FROM", "q");
    await ask(client, "CLIENT", "SETNAME", "ann");
    await pop(client, "FROM", "q");
    await pop(client, "AS", "bob \xff", "FROM", "q");
    await ask(client, "QRPOP", "q");
    const workers = [await workerOf("1"), await workerOf("2"), await workerOf("3")];
    expect(workers).toEqual([null, "ann", Buffer.from("bob \xff").toString("latin1")]);
    expect(await workerOf("4")).toBeNull();
  });

  test("QNEXT acknowledges and pops, and pops also after a late acknowledgement", async () => {
    const client = await (await startOkqOn(store)).connect();
    await push(client, "q", "1", "2", "3");
    const [[, , , first]] = (await pop(client, "FROM", "q")) as [Popped];
    const next = async (id: string, token: string) =>
      (await ask(client, "QNEXT", "q", id, token, "FROM", "q")) as [number, Popped[] | null];
    const [acked, popped] = await next("1", first!);
    expect([acked, idsOf(popped)]).toEqual([1, ["2"]]);
    const again = await next("1", first!);
    expect([again[0], idsOf(again[1])]).toEqual([0, ["3"]]);
    expect(await next("2", popped![0]![3]!)).toEqual([1, null]);
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 1, 1, 1]]);
  });

  test("pipelined pops are answered in order, each with another event", async () => {
    const client = await (await startOkqOn(store)).connect();
    const ids = Array.from({ length: 50 }, (_, at) => `${at}`);
    await push(client, "q", ...ids);
    const replies = await askAll(client, ...ids.map(() => ["QPOP", "FROM", "q"]));
    expect(replies.flatMap((reply) => idsOf(reply as Popped[]))).toEqual(ids);
  });

  test("pops that do not fit together are errors, and pop nothing", async () => {
    const client = await (await startOkqOn(store)).connect();
    await push(client, "q", "1");
    const many = Array.from({ length: 1025 }, (_, at) => `q${at}`);
    const refusals: [string[], string][] = [
      [["COUNT", "0", "FROM", "q"], "COUNT must be an integer from 1 to 1000, got '0'"],
      [["COUNT", "1001", "FROM", "q"], "COUNT must be an integer from 1 to 1000, got '1001'"],
      [["WAIT", "0", "FROM", "q"], "WAIT must be a number of seconds from 0.001 to"],
      [
        ["WAIT", "100000", "FROM", "q"],
        "WAIT must be a number of seconds from 0.001 to 86400, got",
      ],
      [["LEASE", "0", "FROM", "q"], "LEASE must be a number of seconds from 0.001 to"],
      [["LEASE", "1", "NOACK", "FROM", "q"], "syntax error, NOACK does not go with LEASE"],
      [["WEIGHTS", "1", "FROM", "q", "p"], "WEIGHTS takes one weight for each queue, got 1 for 2"],
      [["WEIGHTS", "0", "FROM", "q"], "WEIGHTS must be an integer from 1 to 1000000, got '0'"],
      [["AS", "w".repeat(1025), "FROM", "q"], "the name of a worker is too long, 1025 of at most"],
      [["FROM", "q", "WAIT", "5"], "syntax error, options stand before FROM, got 'WAIT'"],
      [["AS", "FROM", "q"], "syntax error, option AS needs a value (AS worker)"],
      [["WAIT", "5"], "missing FROM, usage: QPOP "],
      [["FROM", ...many], "too many queues, 1025 of at most 1024"],
      [["q"], "missing args, usage: QPOP "],
      [["q", "p"], "syntax error, unknown option 'q'"],
    ];
    for (const [args, refusal] of refusals) {
      expect(await ask(client, "QPOP", ...args)).toStartWith(`-ERR ${refusal}`);
      const next = await ask(client, "QNEXT", "q", "1", "*", ...args);
      expect(next).toStartWith(`-ERR ${refusal.replace("QPOP ", "QNEXT ")}`);
    }
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 1, 0, 0]]);
    expect(idsOf(await pop(client, "FROM", "p", "wait", "q"))).toEqual(["1"]);
  });

  test("a connection counts as a consumer of the queues of its last pop", async () => {
    const okq = await startOkqOn(store);
    const [client, observer] = [await okq.connect(), await okq.connect()];
    const counts = async () =>
      ((await ask(observer, "QSTATUS", "a", "b", "c")) as number[][]).map((row) => row[3]);
    await pop(client, "FROM", "a", "b", "a");
    expect(await counts()).toEqual([1, 1, 0]);
    await ask(client, "QREGISTER", "b", "c");
    expect(await counts()).toEqual([1, 1, 1]);
    await pop(client, "FROM", "c");
    expect(await counts()).toEqual([0, 1, 1]);
    await ask(client, "QREGISTER");
    expect(await counts()).toEqual([0, 0, 1]);
    client.close();
    await client.untilClosed();
    expect(await counts()).toEqual([0, 0, 0]);
  });

  test("a batch whose reply was not sent goes back to its place, uncounted", async () => {
    const okq = await startOkqOn(store);
    const [client, other] = [await okq.connect(), await okq.connect()];
    // More than the systems at both ends buffer.
    const contents = ["x", "x".repeat(30_000_000), "x"];
    await askAll(other, ...contents.map((each, at) => ["QPUSH", "q", each, "ID", `${at}`]));
    client.pause(true);
    client.pipeline(["QPOP", "COUNT", "2", "FROM", "q"]);
    const claimed = async () => ((await ask(other, "QSTATUS", "q")) as number[][])[0]![2]!;
    await eventuallyEqual(claimed, 2);
    client.reset();
    await eventuallyEqual(claimed, 0);
    const [, events] = (await ask(other, "QLIST", "q")) as [null, Readable[][]];
    expect(events.map((facts) => [facts[1], facts[5]])).toEqual([
      ["0", 0],
      ["1", 0],
      ["2", 0],
    ]);
  });
});
