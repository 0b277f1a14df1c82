// XREADGROUP that waits: who is served, what ends a wait, and what becomes of entries of clients
// that are gone.
import { describe, expect, test } from "bun:test";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, readable, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import { blockedClients, waitingClient } from "../support/waiting-client.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

const next = async (client: Wire) => readable(await client.next());
const words = (command: string) => command.split(" ");
const read = (group: string, consumer = "c", streams = "s >") =>
  words(`XREADGROUP GROUP ${group} ${consumer} BLOCK 0 STREAMS ${streams}`);
const found = (id: string): Readable => [["s", [[id, ["f", "v"]]]]];

async function startWithGroups(store: (typeof lifeStoresAndCluster)[number]) {
  const okq = await startOkqOn(store);
  const client = await okq.connect();
  const creates = ["XGROUP CREATE s g $ MKSTREAM", "XGROUP CREATE s other $"];
  expect(await askAll(client, ...creates.map(words))).toEqual(["+OK", "+OK"]);
  return { okq, client };
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("of each group the client that has waited longest gets the entry", async () => {
    const { okq, client } = await startWithGroups(store);
    const waiting: Wire[] = [];
    for (const group of ["other", "g", "g", "default"]) {
      waiting.push(await waitingClient(okq, read(group, `c${waiting.length}`)));
    }
    const [other, first, second, third] = waiting as [Wire, Wire, Wire, Wire];
    await ask(client, ...words("XADD s 1-1 f v"));
    expect([await next(first), await next(other)]).toEqual([found("1-1"), found("1-1")]);
    expect([second.waiting, third.waiting]).toEqual([0, 0]);
    await ask(client, ...words("XADD s 2-1 f v"));
    expect(await next(second)).toEqual(found("2-1"));
    await ask(client, ...words("XADD s 3-1 f v"));
    expect(await next(third)).toEqual(found("3-1"));
    const pending = (await ask(client, ...words("XPENDING s g"))) as Readable[];
    expect(pending[3]).toEqual([
      ["c1", "1"],
      ["c2", "1"],
      ["c3", "1"],
    ]);
    expect(await ask(client, ...words("XPENDING s other"))).toEqual([
      1,
      "1-1",
      "1-1",
      [["c0", "1"]],
    ]);
  });

  test("waits beside QPOP, and for several streams", async () => {
    const { okq, client } = await startWithGroups(store);
    await ask(client, ...words("XGROUP CREATE t g $ MKSTREAM"));
    const popping = await waitingClient(okq, words("QPOP WAIT 60 FROM s"));
    const reading = await waitingClient(okq, read("g", "c", "t s > >"));
    await askAll(client, words("XADD s 1-1 f v"), words("XADD s 2-1 f v"));
    expect(await next(popping)).toEqual([
      ["s", "1-1", expect.any(String), expect.any(String), 1, []],
    ] as Readable);
    expect(await next(reading)).toEqual(found("2-1"));
    await askAll(client, words("XADD s 3-1 f v"), words("XADD t 3-1 f v"));
    expect(await ask(client, ...read("g", "c", "t s > >"))).toEqual([
      ["t", [["3-1", ["f", "v"]]]],
      ["s", [["3-1", ["f", "v"]]]],
    ]);
  });

  test("a wait ends with nil, and later commands of the connection wait for it", async () => {
    const { okq, client } = await startWithGroups(store);
    client.pipeline(words("XREADGROUP GROUP g c BLOCK 30 STREAMS s >"), ["PING"]);
    expect([await next(client), await next(client)]).toEqual([null, "+PONG"]);
    const waiting = await waitingClient(okq, read("g"), words("XACK s g 1-1"));
    await ask(client, ...words("XADD s 1-1 f v"));
    expect([await next(waiting), await next(waiting)]).toEqual([found("1-1"), 1]);
  });

  test("the history of a consumer and a transaction never wait", async () => {
    const { client } = await startWithGroups(store);
    expect(await ask(client, ...read("g", "c", "s 0"))).toEqual([["s", []]]);
    const replies = await askAll(client, ["MULTI"], read("g"), ["EXEC"]);
    expect(replies[2]).toEqual([null]);
  });

  test("an error undoes what other streams have given, and is told at once", async () => {
    const { client } = await startWithGroups(store);
    await ask(client, ...words("XADD s 1-1 f v"));
    const missing =
      "-NOGROUP No such key 't' or consumer group 'g' in XREADGROUP with GROUP option";
    expect(await ask(client, ...read("g", "c", "s t > >"))).toBe(missing);
    const reply = words("XREADGROUP GROUP g c COUNT 1 BLOCK 1000 STREAMS s >");
    expect(await ask(client, ...reply)).toEqual(found("1-1"));
    expect(await ask(client, ...words("XPENDING s g - + 9"))).toEqual([
      ["1-1", "c", expect.any(Number), 1],
    ] as Readable);
  });

  test("the end of a group ends a wait for it", async () => {
    const { okq, client } = await startWithGroups(store);
    const waiting = [await waitingClient(okq, read("g")), await waitingClient(okq, read("other"))];
    await askAll(client, words("XGROUP DESTROY s other"), words("XGROUP DESTROY s g"));
    expect(await Promise.all(waiting.map(next))).toEqual([
      "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option",
      "-NOGROUP No such key 's' or consumer group 'other' in XREADGROUP with GROUP option",
    ]);
  });

  test("CLIENT UNBLOCK ends a wait, with nil or an error", async () => {
    const { okq, client } = await startWithGroups(store);
    const waiting = await okq.connect();
    const id = (await ask(waiting, "CLIENT", "ID")) as number;
    for (const [reason, reply] of [
      ["TIMEOUT", null],
      ["ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK"],
    ] as const) {
      waiting.pipeline(read("other"), ["PING"]);
      await eventuallyEqual(() => blockedClients(client), 1);
      expect(await ask(client, "CLIENT", "UNBLOCK", id, reason)).toBe(1);
      expect([await next(waiting), await next(waiting)]).toEqual([reply, "+PONG"]);
    }
  });

  test("a client that leaves loses nothing, while it waits and before its reply", async () => {
    const { okq, client } = await startWithGroups(store);
    const gone = await waitingClient(okq, read("g", "gone"));
    const last = await waitingClient(okq, read("g", "last"));
    gone.reset();
    await eventuallyEqual(() => blockedClients(client), 1);
    await ask(client, ...words("XADD s 1-1 f v"));
    expect(await next(last)).toEqual(found("1-1"));
    // Entries that go back have their old attempt: nothing is counted.
    await askAll(client, ...["2-1", "3-1"].map((id) => words(`XADD s ${id} f v`)));
    const unread = await okq.connect();
    unread.pipeline(words("XREADGROUP GROUP g gone STREAMS s >"));
    unread.reset();
    const taken: Readable[] = [];
    await eventually(async () => {
      const reply = (await ask(client, ...words("XREADGROUP GROUP g c STREAMS s >"))) as any;
      if (reply) taken.push(...reply[0][1]);
      return taken.length === 2;
    });
    const rows = (await ask(client, ...words("XPENDING s g - + 9 c"))) as Readable[][];
    expect(rows.map(([id, , , attempt]) => [id, attempt])).toEqual([
      ["2-1", 1],
      ["3-1", 1],
    ]);
  });

  test.each(["DEL s", "QFLUSH s", "FLUSHALL"])(
    "groups that end by %s end waits",
    async (removal) => {
      const okq = await startOkqOn(store);
      const client = await okq.connect();
      const create = [words("XGROUP CREATE s g 0 MKSTREAM"), words("XGROUP CREATE s o 0")];
      await askAll(client, ...create);
      const waiting = [await waitingClient(okq, read("g")), await waitingClient(okq, read("o"))];
      const byDefault = await waitingClient(okq, read("default"));
      await ask(client, ...words(removal));
      const gone = (group: string) =>
        `-NOGROUP No such key 's' or consumer group '${group}' in XREADGROUP with GROUP option`;
      expect(await Promise.all(waiting.map(next))).toEqual([gone("g"), gone("o")]);
      await ask(client, ...words("XADD s 1-1 f v"));
      expect(await next(byDefault)).toEqual(found("1-1"));
    },
  );

  test("a user that loses its right waits no more", async () => {
    const users = writeUsers("ann consume s s@o", "admin all *");
    const okq = await startOkqOn(store, { users: users.path });
    const admin = await okq.connect();
    await ask(admin, "AUTH", "admin", passwordOf("admin"));
    await askAll(admin, words("XGROUP CREATE s g $ MKSTREAM"), words("XGROUP CREATE s o $"));
    const client = await okq.connect();
    client.pipeline(["AUTH", "ann", passwordOf("ann")], read("o"));
    expect(await next(client)).toBe("+OK");
    await eventuallyEqual(() => blockedClients(admin), 1);
    users.replace("ann consume other", "admin all *");
    okq.reload();
    expect(await next(client)).toBeNull();
  });
});
