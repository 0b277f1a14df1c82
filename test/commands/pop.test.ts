// QRPOP and QACK over the wire, on every store: claims, leases, acknowledgement and REDO.
import { describe, expect, test } from "bun:test";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { startOkqOn, storeNames } from "../support/okq-server.ts";
import { ask, askAll } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

async function pushTo(queue: string, client: Wire, ...ids: string[]): Promise<void> {
  await askAll(client, ...ids.map((id) => ["QLPUSH", queue, id, `contents of ${id}`]));
}

function popped(id: string): string[] {
  return [id, `contents of ${id}`];
}

describe.each(storeNames)("on %s", (store) => {
  test("pops from the right the events that were pushed on the left", async () => {
    const client = await (await startOkqOn(store)).connect();
    await pushTo("q", client, "1", "2");
    expect(await ask(client, "QRPOP", "q")).toEqual(popped("1"));
    expect(await ask(client, "qrpop", "q")).toEqual(popped("2"));
    expect(await ask(client, "QRPOP", "q")).toBeNull();
  });

  test("answers $-1 in RESP2 and _ in RESP3 for an empty queue", async () => {
    const okq = await startOkqOn(store);
    for (const [version, bytes] of [
      [2, "$-1\r\n"],
      [3, "_\r\n"],
    ] as const) {
      for (const command of ["QRPOP", "QLPEEK", "QRPEEK"]) {
        expect(await rawReply(okq.port, version, command)).toBe(bytes);
      }
    }
  });

  test("hands a claimed event to the next consumer when its lease has expired", async () => {
    const okq = await startOkqOn(store);
    const first = await okq.connect();
    const second = await okq.connect();
    await pushTo("q", first, "1");
    // In one write, so that the second command arrives before the lease expires.
    const pops = await askAll(first, ["QRPOP", "q", "EX", "0.05"], ["QRPOP", "q"]);
    expect(pops).toEqual([popped("1"), null]);
    const again = await eventually(() => ask(second, "QRPOP", "q"));
    expect(again).toEqual(popped("1"));
    expect(await ask(second, "QACK", "q", "1")).toBe(1);
    expect(await ask(second, "QACK", "q", "1")).toBe(0);
  });

  test("requeues an event whose client disconnected long ago", async () => {
    const okq = await startOkqOn(store);
    const first = await okq.connect();
    await pushTo("q", first, "1");
    const pops = await askAll(first, ["QRPOP", "q", "EX", "0.1"], ["QRPOP", "q"]);
    expect(pops).toEqual([popped("1"), null]);
    first.reset();
    const second = await okq.connect();
    expect(await eventually(() => ask(second, "QRPOP", "q"))).toEqual(popped("1"));
  });

  test("requeues events in the order of their pops, after events pushed right", async () => {
    const client = await (await startOkqOn(store)).connect();
    await pushTo("q", client, "a", "b", "c", "never popped");
    const leases = ["0.3", "0.1", "0.2"];
    const first = await askAll(client, ...leases.map((lease) => ["QRPOP", "q", "EX", lease]));
    expect(first).toEqual(["a", "b", "c"].map(popped));
    await ask(client, "QRPUSH", "q", "urgent", "contents of urgent");
    const ready = [["q", 5, 0, 0]];
    await eventuallyEqual(() => ask(client, "QSTATUS", "q"), ready);
    const pops = await askAll(client, ...Array.from({ length: 5 }, () => ["QRPOP", "q"]));
    expect(pops).toEqual(["urgent", "a", "b", "c", "never popped"].map(popped));
  });

  test("requeues all claimed events of a disconnected consumer, in order", async () => {
    const okq = await startOkqOn(store);
    const [consumer, other] = [await okq.connect(), await okq.connect()];
    // More than okq requeues at a time.
    const ids = Array.from({ length: 1200 }, (_, i) => `${(i * 7919) % 1200}`);
    await pushTo("q", other, ...ids);
    const pops = ids.map(() => ["QRPOP", "q", "EX", "1"]);
    const replies = (await askAll(consumer, ...pops)) as ([string, string] | null)[];
    // On a slow machine leases may expire before the last pop: the last claim of each event counts.
    const claims = replies.flatMap((reply) => reply?.[0] ?? []);
    const claimed = [...new Set(claims.toReversed())].toReversed();
    const rest = ids.filter((id) => !claimed.includes(id));
    consumer.reset();
    const ready = [["q", ids.length, 0, 0]];
    await eventuallyEqual(() => ask(other, "QSTATUS", "q"), ready);
    const all = await askAll(other, ...ids.map(() => ["QRPOP", "q"]));
    expect(all).toEqual([...claimed, ...rest].map(popped));
  });

  test("requeues events in their own queues", async () => {
    const client = await (await startOkqOn(store)).connect();
    await pushTo("a", client, "1");
    await pushTo("b", client, "1", "2");
    for (const queue of ["a", "b", "b"]) await ask(client, "QRPOP", queue, "EX", "0.03");
    const ready = [
      ["a", 1, 0, 0],
      ["b", 2, 0, 0],
    ];
    await eventuallyEqual(() => ask(client, "QSTATUS", "a", "b"), ready);
  });

  test("claims an event for longer than half a second without EX", async () => {
    const client = await (await startOkqOn(store)).connect();
    await pushTo("q", client, "long", "short");
    await ask(client, "QRPOP", "q");
    await ask(client, "QRPOP", "q", "EX", "0.25");
    const again = await eventually(() => ask(client, "QRPOP", "q"));
    expect(again).toEqual(popped("short"));
    expect(await ask(client, "QACK", "q", "long")).toBe(1);
  });

  test.each([[["EX", "0"]], [["NOACK"]], [["ex", "0.0"]], [["NoAck", "Ex", "30"]]])(
    "removes the event at once with %p",
    async (options) => {
      const client = await (await startOkqOn(store)).connect();
      await pushTo("q", client, "1");
      expect(await ask(client, "QRPOP", "q", ...options)).toEqual(popped("1"));
      expect(await ask(client, "QSTATUS")).toEqual([]);
      expect(await ask(client, "QACK", "q", "1")).toBe(0);
    },
  );

  test("removes an acknowledged event, and only a claimed one", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await ask(client, "QACK", "q", "1")).toBe(0);
    await pushTo("q", client, "1");
    expect(await ask(client, "QACK", "q", "1")).toBe(0);
    await ask(client, "QRPOP", "q");
    expect(await ask(client, "QACK", "q", "other")).toBe(0);
    expect(await ask(client, "QACK", "other", "1")).toBe(0);
    expect(await ask(client, "QACK", "q", "1")).toBe(1);
    expect(await ask(client, "QSTATUS")).toEqual([]);
  });

  test("does not acknowledge or redo an event whose lease has expired", async () => {
    const client = await (await startOkqOn(store)).connect();
    await pushTo("q", client, "1");
    await ask(client, "QRPOP", "q", "EX", "0.02");
    await eventually(() => ask(client, "QRPEEK", "q"));
    expect(await ask(client, "QACK", "q", "1")).toBe(0);
    expect(await ask(client, "QACK", "q", "1", "REDO")).toBe(0);
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 1, 0, 0]]);
  });

  test("acknowledges an event that another client claimed", async () => {
    const okq = await startOkqOn(store);
    const first = await okq.connect();
    const second = await okq.connect();
    await pushTo("q", first, "1");
    await ask(first, "QRPOP", "q");
    expect(await ask(second, "QACK", "q", "1")).toBe(1);
  });

  test("REDO puts the event back at the right end once", async () => {
    const client = await (await startOkqOn(store)).connect();
    await pushTo("q", client, "1", "2", "3");
    await askAll(client, ["QRPOP", "q"], ["QRPOP", "q"]);
    expect(await ask(client, "QACK", "q", "2", "REDO")).toBe(1);
    expect(await ask(client, "QACK", "q", "1", "redo")).toBe(1);
    expect(await ask(client, "QACK", "q", "1", "REDO")).toBe(0);
    const pops = await askAll(client, ...Array.from({ length: 4 }, () => ["QRPOP", "q"]));
    expect(pops).toEqual([popped("1"), popped("2"), popped("3"), null]);
  });

  test("peeks show the ready events at both ends and claim nothing", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await askAll(client, ["QLPEEK", "q"], ["QRPEEK", "q"])).toEqual([null, null]);
    await pushTo("q", client, "1", "2", "3");
    expect(await ask(client, "QLPEEK", "q")).toEqual(popped("3"));
    expect(await ask(client, "QRPEEK", "q")).toEqual(popped("1"));
    await ask(client, "QRPOP", "q");
    expect(await ask(client, "QRPEEK", "q")).toEqual(popped("2"));
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 3, 1, 0]]);
    await askAll(client, ["QRPOP", "q"], ["QRPOP", "q"]);
    expect(await askAll(client, ["QLPEEK", "q"], ["QRPEEK", "q"])).toEqual([null, null]);
  });

  test("refuses wrong options and pops or acknowledges nothing", async () => {
    const client = await (await startOkqOn(store)).connect();
    await pushTo("q", client, "ready", "claimed");
    await ask(client, "QRPUSH", "q", "now", "x");
    await ask(client, "QRPOP", "q");
    const wrong = [
      ["QRPOP", "q", "EX"],
      ["QRPOP", "q", "NOACK", "EX"],
      ["QRPOP", "q", "EX", "NOACK"],
      ["QRPOP", "q", "PX", "1"],
      ["QRPOP", "q", ""],
      ["QRPOP", "q", "NOACK", "NOACK", "NOACK", "NOACK"],
      ["QACK", "q", "now", "RED"],
      ["QACK", "q", "now", "toString"],
      ["QACK", "q", "now", "__proto__"],
    ];
    for (const reply of await askAll(client, ...wrong)) expect(reply).toMatch(/^-ERR /);
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 3, 1, 0]]);
  });
});

/** The bytes of one reply. */
async function rawReply(port: number, version: number, command: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data: (_socket, chunk) => resolve(chunk.toString("latin1")) },
  });
  // SKIP suppresses the reply to HELLO, so only the reply to the command arrives.
  socket.write(`CLIENT REPLY SKIP\r\nHELLO ${version}\r\n${command} none\r\n`);
  const reply = await promise;
  socket.terminate();
  return reply;
}
