// Equal commands that wait, sent one behind the other without waiting for replies: each makes its
// first attempt at once, and what is found goes to the commands in their order.
import { describe, expect, test } from "bun:test";
import { eventuallyEqual } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { blockedClients } from "../support/waiting-client.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

const next = async (client: Wire) => readable(await client.next());

async function nextOf(client: Wire, count: number): Promise<unknown[]> {
  return (await client.take(count)).map(readable);
}

/** Sends so many equal commands, and others behind them, in one chunk. */
function sendEqual(client: Wire, count: number, command: string, ...behind: string[]): void {
  const commands = [...Array<string>(count).fill(command), ...behind];
  client.pipeline(...commands.map((each) => each.split(" ")));
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("events go to them in their order, and the others wait one after the other", async () => {
    const okq = await startOkqOn(store);
    const [client, producer] = [await okq.connect(), await okq.connect()];
    await ask(producer, "RPUSH", "q", "1", "2", "3");
    sendEqual(client, 5, "BLPOP q 0", "RPUSH q last");
    expect(await nextOf(client, 3)).toEqual([1, 2, 3].map((each) => ["q", String(each)]));
    await eventuallyEqual(() => blockedClients(producer), 1);
    await ask(producer, "RPUSH", "q", "4");
    expect(await next(client)).toEqual(["q", "4"]);
    await eventuallyEqual(() => blockedClients(producer), 1);
    expect(await ask(producer, "LLEN", "q")).toBe(0);
    await ask(producer, "RPUSH", "q", "5");
    expect(await nextOf(client, 2)).toEqual([["q", "5"], 1]);
  });

  test("each waits for its whole timeout, and commands behind them wait for all", async () => {
    const client = await (await startOkqOn(store)).connect();
    const startedAt = performance.now();
    sendEqual(client, 3, "BRPOP q 0.1", "RPUSH q x");
    expect(await nextOf(client, 4)).toEqual([null, null, null, 1]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(298);
  });

  test("claims, moves and errors", async () => {
    const client = await (await startOkqOn(store)).connect();
    await askAll(client, ["RPUSH", "q{q}", "1", "2", "3"], ["SADD", "set", "x"]);
    sendEqual(client, 2, "BLMOVE q{q} p{q} LEFT RIGHT 0", "LRANGE p{q} 0 -1", "LRANGE q{q} 0 -1");
    expect(await nextOf(client, 4)).toEqual(["1", "2", ["1", "2"], ["3"]]);
    sendEqual(client, 2, "QPOP WAIT 0.1 FROM p{q}", "QSTATUS p{q}");
    const [first, second, status] = (await nextOf(client, 3)) as [string[][], string[][], unknown];
    expect([first[0]![2], second[0]![2]]).toEqual(["2", "1"]);
    expect(status).toEqual([["p{q}", 2, 2, 1]]);
    sendEqual(client, 3, "BLPOP set 0", "PING");
    const [one, two, three, pong] = await nextOf(client, 4);
    for (const each of [one, two, three]) expect(String(each)).toContain("WRONGTYPE");
    expect(pong).toBe("+PONG");
  });

  test("a client that is gone has taken nothing", async () => {
    const okq = await startOkqOn(store);
    const [client, producer] = [await okq.connect(), await okq.connect()];
    sendEqual(client, 9, "BLPOP q 0");
    await eventuallyEqual(() => blockedClients(producer), 1);
    client.close();
    await eventuallyEqual(() => blockedClients(producer), 0);
    await ask(producer, "RPUSH", "q", "1", "2");
    expect(await ask(producer, "LRANGE", "q", 0, -1)).toEqual(["1", "2"]);
  });

  test("CLIENT UNBLOCK ends the wait of one", async () => {
    const okq = await startOkqOn(store);
    const [client, other] = [await okq.connect(), await okq.connect()];
    const id = await ask(client, "CLIENT", "ID");
    sendEqual(client, 2, "BLPOP q 0");
    await eventuallyEqual(() => blockedClients(other), 1);
    await ask(other, "CLIENT", "UNBLOCK", String(id));
    expect(await next(client)).toBeNull();
    await eventuallyEqual(() => blockedClients(other), 1);
    await ask(other, "RPUSH", "q", "x");
    expect(await next(client)).toEqual(["q", "x"]);
  });
});
