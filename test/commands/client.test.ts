// CLIENT and its subcommands over the wire. They do not touch the store.
import { describe, expect, test } from "bun:test";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

const BAD_NAME = "-ERR Client names cannot contain spaces, newlines or special characters";

const OWN_FIELDS = ["inflight", "paused", "pause-reason", "queues"];
const REDIS_FIELDS = (
  "id addr laddr fd name age idle flags db sub psub ssub multi watch qbuf qbuf-free argv-mem " +
  "multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver"
).split(" ");

async function connected(): Promise<Wire> {
  return await (await startTestOkq()).connect();
}

/** A line of CLIENT LIST as an object. */
function fieldsOf(line: string): Record<string, string> {
  const fields = line.trim().split(" ");
  return Object.fromEntries(fields.map((field) => field.split("=") as [string, string]));
}

async function listed(client: Wire): Promise<Record<string, string>[]> {
  const lines = (await ask(client, "CLIENT", "LIST")) as string;
  expect(lines.endsWith("\n")).toBeTrue();
  return lines.trimEnd().split("\n").map(fieldsOf);
}

test("SETNAME sets and removes the name that GETNAME returns", async () => {
  const client = await connected();
  expect(await ask(client, "CLIENT", "GETNAME")).toBeNull();
  expect(await ask(client, "client", "setname", "worker-1")).toBe("+OK");
  expect(await ask(client, "CLIENT", "GETNAME")).toBe("worker-1");
  expect(await ask(client, "CLIENT", "SETNAME", "")).toBe("+OK");
  expect(await ask(client, "CLIENT", "GETNAME")).toBeNull();
});

test.each(["a b", "a\nb", "\u0000", "é", "x".repeat(257)])(
  "the name %j is refused",
  async (name) => {
    const client = await connected();
    expect(await ask(client, "CLIENT", "SETNAME", name)).toStartWith(BAD_NAME);
    expect(await ask(client, "CLIENT", "GETNAME")).toBeNull();
  },
);

test("SETINFO notes the driver for CLIENT INFO and LIST", async () => {
  const client = await connected();
  expect(await ask(client, "CLIENT", "SETINFO", "LIB-NAME", "ioredis")).toBe("+OK");
  expect(await ask(client, "CLIENT", "SETINFO", "lib-ver", "6.0.0")).toBe("+OK");
  expect(await ask(client, "CLIENT", "SETINFO", "lib-foo", "x")).toBe(
    "-ERR Unrecognized option 'lib-foo'",
  );
  expect(await ask(client, "CLIENT", "SETINFO", "lib-name", "a b")).toStartWith(
    "-ERR lib-name cannot contain spaces",
  );
  const fields = fieldsOf((await ask(client, "CLIENT", "INFO")) as string);
  expect(fields).toMatchObject({ "lib-name": "ioredis", "lib-ver": "6.0.0" });
});

test("every connection has a unique id and a line in CLIENT LIST", async () => {
  const okq = await startTestOkq();
  const [first, second] = [await okq.connect(), await okq.connect()];
  await ask(first, "HELLO", 3, "SETNAME", "first");
  await ask(second, "QREGISTER", "a", "b");
  const ids = [await ask(first, "CLIENT", "ID"), await ask(second, "CLIENT", "ID")] as number[];
  expect(ids[1]).toBeGreaterThan(ids[0]!);
  const lines = await listed(second);
  expect(lines.map(({ id }) => Number(id))).toEqual(ids);
  expect(lines[0]).toMatchObject({ name: "first", resp: "3", cmd: "client|id", queues: "0" });
  expect(lines[1]).toMatchObject({ name: "", resp: "2", cmd: "client|list", queues: "2" });
  for (const { addr, laddr, db, user } of lines) {
    expect(addr).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(laddr).toBe(`127.0.0.1:${okq.port}`);
    expect([db, user]).toEqual(["0", "default"]);
  }
});

test("NO-EVICT and NO-TOUCH take ON and OFF only", async () => {
  const client = await connected();
  for (const name of ["NO-EVICT", "no-touch"]) {
    expect(await ask(client, "CLIENT", name, "ON")).toBe("+OK");
    expect(await ask(client, "CLIENT", name, "off")).toBe("+OK");
    expect(await ask(client, "CLIENT", name, "maybe")).toStartWith("-ERR syntax error");
  }
});

test("refuses an unknown or missing subcommand", async () => {
  const client = await connected();
  expect(await ask(client, "CLIENT", "CACHING", "YES")).toStartWith(
    "-ERR unknown subcommand 'CACHING' of CLIENT (known: ID, INFO, LIST, ",
  );
  const options = ["MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "none"];
  expect(await ask(client, "client", ...options)).toStartWith("-ERR unknown subcommand");
  expect(await ask(client, "qcron")).toBe(
    "-ERR missing subcommand of QCRON (known: SET, DEL, RUN, LIST)",
  );
});

test("TRACKING is OK if it tracks nothing, and else names the driver option", async () => {
  const client = await connected();
  for (const options of [["OFF"], ["ON", "OPTIN"], ["on", "noloop", "optin"]]) {
    expect(await ask(client, "CLIENT", "TRACKING", ...options)).toBe("+OK");
  }
  for (const options of [[], ["BCAST"], ["OPTOUT"], ["OPTIN", "BCAST"], ["NOLOOP"]]) {
    expect(await ask(client, "CLIENT", "TRACKING", "ON", ...options)).toBe(
      "-ERR okq has no client-side caching: turn it off in the driver (rueidis: DisableCache)",
    );
  }
});

test("INFO has the fields of Redis 7.4 in order, and LIST adds those of okq", async () => {
  const okq = await startTestOkq();
  const [client, large] = [await okq.connect(), await okq.connect()];
  const nameOf = (field: string) => field.slice(0, field.indexOf("="));
  const info = ((await ask(client, "CLIENT", "INFO")) as string).trimEnd();
  expect(info.split(" ").map(nameOf)).toEqual(REDIS_FIELDS);
  expect(Number(fieldsOf(info).fd)).toBeGreaterThan(2);
  large.send("*1\r\n$1000\r\nx");
  const lines = await eventually(async () => {
    const found = await listed(client);
    return Number(found[1]!.qbuf) > 0 ? found : null;
  });
  for (const line of lines) {
    expect(Object.keys(line)).toEqual([...REDIS_FIELDS, ...OWN_FIELDS]);
    expect(Number(line["tot-mem"])).toBe(Number(line.qbuf) + Number(line.omem));
  }
});

test("LIST selects clients by type or by id", async () => {
  const okq = await startTestOkq();
  const clients = [await okq.connect(), await okq.connect(), await okq.connect()];
  const ids: number[] = [];
  for (const client of clients) ids.push((await ask(client, "CLIENT", "ID")) as number);
  const asker = clients[0]!;
  const idsOf = async (...filter: (string | number)[]) => {
    const lines = (await ask(asker, "CLIENT", "LIST", ...filter)) as string;
    return lines
      .split("\n")
      .slice(0, -1)
      .map((line) => Number(fieldsOf(line).id));
  };
  expect(await idsOf("ID", ids[2]!, ids[0]!, 999, ids[2]!)).toEqual([ids[0]!, ids[2]!]);
  expect(await idsOf("id", 999)).toEqual([]);
  expect(await idsOf("TYPE", "Normal")).toEqual(ids);
  expect(await idsOf("type", "pubsub")).toEqual([]);
});

describe("CLIENT REPLY", () => {
  test("OFF suppresses all replies, its own and errors too, until ON", async () => {
    const client = await connected();
    client.pipeline(
      ["CLIENT", "REPLY", "OFF"],
      ["PING"],
      ["QLPUSH", "q", "1", "x"],
      ["NONSENSE"],
      ["QSTATUS"],
      ["CLIENT", "REPLY", "ON"],
      ["QRPOP", "q"],
    );
    expect((await client.take(2)).map(readable)).toEqual(["+OK", ["1", "x"]]);
    expect(client.waiting).toBe(0);
  });

  test("SKIP suppresses the next reply only", async () => {
    const client = await connected();
    client.pipeline(
      ["CLIENT", "REPLY", "SKIP"],
      ["QLPUSH", "q", "1", "x"],
      ["QRPOP", "q"],
      ["CLIENT", "REPLY", "SKIP"],
      ["PING"],
      ["ECHO", "x"],
    );
    expect((await client.take(2)).map(readable)).toEqual([["1", "x"], "x"]);
    expect(client.waiting).toBe(0);
  });

  // Each sequence was compared with redis-server 7.0.
  test.each([
    ["SKIP twice", ["SKIP", "SKIP", "1", "2"], ["2"]],
    ["SKIP three times", ["SKIP", "SKIP", "SKIP", "1", "2"], ["2"]],
    ["ON after SKIP", ["SKIP", "ON", "1"], ["+OK", "1"]],
    ["OFF after SKIP", ["SKIP", "OFF", "1", "ON", "2"], ["+OK", "2"]],
    ["an unknown mode after SKIP", ["SKIP", "NONSENSE", "1"], ["1"]],
    ["RESET behind SKIP", ["SKIP", "RESET", "1"], ["1"]],
    ["RESET behind OFF", ["OFF", "RESET", "1"], ["+RESET", "1"]],
  ])("%s", async (_, steps, replies) => {
    const client = await connected();
    const commands = steps.map((step) => {
      if (step === "RESET") return [step];
      return /^\d$/.test(step) ? ["PING", step] : ["CLIENT", "REPLY", step];
    });
    client.pipeline(...commands, ["PING", "last"]);
    expect((await client.take(replies.length + 1)).map(readable)).toEqual([...replies, "last"]);
  });

  test("SKIP while replies are off leaves them off", async () => {
    const client = await connected();
    client.pipeline(
      ["CLIENT", "REPLY", "OFF"],
      ["CLIENT", "REPLY", "SKIP"],
      ["PING", "1"],
      ["PING", "2"],
      ["CLIENT", "REPLY", "ON"],
      ["PING", "3"],
    );
    expect((await client.take(2)).map(readable)).toEqual(["+OK", "3"]);
  });

  test("ON answers OK, anything else is an error", async () => {
    const client = await connected();
    expect(await ask(client, "CLIENT", "REPLY", "on")).toBe("+OK");
    expect(await ask(client, "CLIENT", "REPLY", "maybe")).toStartWith("-ERR syntax error");
    expect(await ask(client, "PING")).toBe("+PONG");
  });
});

describe("CLIENT KILL", () => {
  async function trio(): Promise<{ okq: TestOkq; killer: Wire; victim: Wire; other: Wire }> {
    const okq = await startTestOkq();
    const [killer, victim, other] = [await okq.connect(), await okq.connect(), await okq.connect()];
    await ask(other, "PING");
    return { okq, killer, victim, other };
  }

  test("by ID closes that connection only and answers 1", async () => {
    const { killer, victim, other } = await trio();
    const id = (await ask(victim, "CLIENT", "ID")) as number;
    expect(await ask(killer, "CLIENT", "KILL", "id", id)).toBe(1);
    expect(await victim.untilClosed()).toEqual([]);
    await eventually(async () => (await listed(killer)).length === 2);
    expect(await ask(other, "PING")).toBe("+PONG");
    expect(await ask(killer, "CLIENT", "KILL", "ID", id)).toBe(0);
  });

  test("by address works in the new and the old form", async () => {
    const { killer, victim, other } = await trio();
    const addressOf = async (client: Wire) =>
      fieldsOf((await ask(client, "CLIENT", "INFO")) as string).addr!;
    expect(await ask(killer, "CLIENT", "KILL", "ADDR", await addressOf(victim))).toBe(1);
    await victim.untilClosed();
    expect(await ask(killer, "CLIENT", "KILL", await addressOf(other))).toBe("+OK");
    await other.untilClosed();
    expect(await ask(killer, "CLIENT", "KILL", "1.2.3.4:5")).toBe("-ERR No such client");
  });

  test("by local address closes the calling client only with SKIPME no", async () => {
    const { okq, killer, victim, other } = await trio();
    const address = `127.0.0.1:${okq.port}`;
    expect(await ask(killer, "CLIENT", "KILL", "LADDR", address)).toBe(2);
    await Promise.all([victim.untilClosed(), other.untilClosed()]);
    await eventually(async () => (await listed(killer)).length === 1);
    expect(await ask(killer, "CLIENT", "KILL", "LADDR", address, "SKIPME", "no")).toBe(1);
    expect(await killer.untilClosed()).toEqual([]);
  });

  test("by type and by age closes matching clients except the caller", async () => {
    const { killer, victim, other } = await trio();
    expect(await ask(killer, "CLIENT", "KILL", "TYPE", "pubsub")).toBe(0);
    expect(await ask(killer, "CLIENT", "KILL", "MAXAGE", 1000)).toBe(0);
    const id = (await ask(victim, "CLIENT", "ID")) as number;
    await eventually(async () => {
      return (await ask(killer, "CLIENT", "KILL", "MAXAGE", 1, "ID", id)) === 1;
    });
    await victim.untilClosed();
    expect(await ask(killer, "CLIENT", "KILL", "TYPE", "normal")).toBe(1);
    await other.untilClosed();
    expect(await ask(killer, "PING")).toBe("+PONG");
  });

  test("by user closes the clients of that user", async () => {
    const okq = await startTestOkq({ users: writeUsers("ann all *", "bob push *").path });
    const [ann, bob, stranger] = [await okq.connect(), await okq.connect(), await okq.connect()];
    await ask(ann, "AUTH", "ann", passwordOf("ann"));
    await ask(bob, "AUTH", "bob", passwordOf("bob"));
    expect(await ask(ann, "CLIENT", "KILL", "USER", "nobody")).toBe("-ERR No such user 'nobody'");
    expect(await ask(ann, "CLIENT", "KILL", "USER", "bob")).toBe(1);
    await bob.untilClosed();
    expect(await ask(ann, "CLIENT", "KILL", "USER", "ann")).toBe(0);
    expect(await ask(stranger, "PING")).toStartWith("-NOAUTH");
  });

  test("with several filters closes the clients that match all of them", async () => {
    const { killer, victim, other } = await trio();
    const id = (await ask(victim, "CLIENT", "ID")) as number;
    const filters = ["ID", id, "ADDR", "1.2.3.4:5"];
    expect(await ask(killer, "CLIENT", "KILL", ...filters)).toBe(0);
    expect(await askAll(victim, ["PING"])).toEqual(["+PONG"]);
    expect(await askAll(other, ["PING"])).toEqual(["+PONG"]);
  });

  test("without a filter or with an unknown one closes no client", async () => {
    const { killer, victim, other } = await trio();
    const wrong = [[], ["ID"], ["ID", "x"], ["ID", "0"], ["NONSENSE", "x"], ["SKIPME", "maybe"]];
    const others = [
      ["TYPE", "x"],
      ["USER", "nobody"],
      ["MAXAGE", "0"],
      ["MAXAGE", "x"],
    ];
    for (const filters of [...wrong, ...others, ["ID", "1", "ADDR"]]) {
      expect(await ask(killer, "CLIENT", "KILL", ...filters)).toStartWith("-ERR ");
    }
    expect(await ask(victim, "PING")).toBe("+PONG");
    expect(await ask(other, "PING")).toBe("+PONG");
  });

  test("ends a wait in QNOTIFY, and the consumer is gone", async () => {
    const { killer, victim } = await trio();
    const id = (await ask(victim, "CLIENT", "ID")) as number;
    await ask(victim, "QREGISTER", "q");
    victim.pipeline(["QNOTIFY", 60]);
    expect(await ask(killer, "CLIENT", "KILL", "ID", id)).toBe(1);
    await victim.untilClosed();
    await eventuallyEqual(() => ask(killer, "QSTATUS"), []);
  });
});
