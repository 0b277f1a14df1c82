// Several okq on one bucket, in this process: what clients of one that stands by see. Processes
// that are killed are in test/faults.
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../src/queue/clock.ts";
import { LOG, MANIFEST } from "../../src/stores/local/objects/object-names.ts";
import { readManifest } from "../../src/stores/local/objects/stored-manifest.ts";
import {
  sharedBucket,
  startDistantPair,
  startPair,
  untilLogged,
} from "../support/failover-pair.ts";
import { infoFigure } from "../support/observer.ts";
import { eventually } from "../support/eventually.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { makeCertificates } from "../support/certificates.ts";
import { MemoryBucket, MemoryObjects, type Passage } from "../support/memory-bucket.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

const LARGE = Buffer.alloc(3_000_000, "large");

async function infoOf(client: Wire): Promise<string> {
  return String(await ask(client, "INFO"));
}

describe.each([2, 3])("a client of a standby in RESP%d", (protocol) => {
  async function connected() {
    const pair = await startPair();
    const client = await pair.standby.connect();
    await client.call("HELLO", protocol);
    return { ...pair, client, direct: await pair.serving.connect() };
  }

  test("gets the replies of the okq that serves, in order", async () => {
    const { client, direct } = await connected();
    await direct.call("HELLO", protocol);
    const commands = [
      ["QLPUSH", "q", "1", "one"],
      ["QLPUSH", "q", "1", "again"],
      ["PING", "here"],
      ["QPUSH", "q", "two", "ID", "2"],
      ["NOSUCH"],
      ["QRPOP"],
      ["LRANGE", "q", 0, -1],
      ["ECHO", "there"],
      ["QSTATS", "other"],
      ["CLIENT", "SETNAME", "ann"],
      ["QPOP", "FROM", "q"],
      ["RPOP", "q"],
      ["RPOP", "q"],
    ];
    const replies = await askAll(client, ...commands);
    await askAll(direct, ["QPURGE", "q"], ["DEL", "q"]);
    await ask(direct, "QPURGE", "q", "STATE", "claimed");
    expect(replies.slice(0, 9)).toEqual((await askAll(direct, ...commands)).slice(0, 9));
    expect(replies.slice(-2)).toEqual(["two", null]);
  });

  test("gets and sends values that are larger than what okq keeps for it", async () => {
    const { client } = await connected();
    expect(await ask(client, "LPUSH", "q", LARGE, "small", LARGE)).toBe(3);
    const commands = [["LINDEX", "q", 0], ["PING"], ["LRANGE", "q", 0, -1]];
    const [first, , range] = await askAll(client, ...commands);
    expect(first === LARGE.toString("latin1")).toBe(true);
    expect((range as string[]).map(({ length }) => length)).toEqual([3_000_000, 5, 3_000_000]);
  });

  test("does a transaction there, and its own commands between", async () => {
    const { client } = await connected();
    const replies = await askAll(
      client,
      ["MULTI"],
      ["QLPUSH", "q", "1", "one"],
      ["PING"],
      ["RPOP", "q"],
      ["EXEC"],
      ["MULTI"],
      ["QLPUSH", "q", "1", "one"],
      ["NOSUCH"],
      ["EXEC"],
      ["LLEN", "q"],
    );
    expect(replies.slice(0, 5)).toEqual([
      "+OK",
      "+QUEUED",
      "+QUEUED",
      "+QUEUED",
      ["+OK", "+PONG", "one"],
    ]);
    expect(String(replies[8])).toStartWith("-EXECABORT");
    expect(replies[9]).toBe(0);
  });

  test("hears messages, behind the confirmations", async () => {
    const { client, direct } = await connected();
    const head = protocol === 3 ? [">"] : [];
    expect(await askAll(client, ["SUBSCRIBE", "okq:q", "talk"], ["PING"])).toHaveLength(2);
    expect(readable(await client.next())).toEqual(protocol === 3 ? "+PONG" : ["pong", ""]);
    for (let at = 0; at < 20; at++) await ask(direct, "PUBLISH", "talk", `${at}`);
    const messages = (await client.take(20)).map(readable);
    expect(messages[19]).toEqual([...head, "message", "talk", "19"]);
    expect(await ask(client, "UNSUBSCRIBE", "talk")).toEqual([...head, "unsubscribe", "talk", 1]);
    expect(await ask(direct, "PUBLISH", "talk", "more")).toBe(0);
    await ask(direct, "QLPUSH", "q", "1", "x");
    expect(String(readable(await client.next()))).toContain("pushed");
  });

  test("waits there, and its wait ends when it leaves", async () => {
    const { client, direct, standby } = await connected();
    const other = await standby.connect();
    client.pipeline(["BLPOP", "q", 0], ["PING"]);
    other.pipeline(["BLPOP", "never", 0]);
    await eventually(async () => (await infoOf(direct)).includes("blocked_clients:2"));
    expect(await infoOf(await standby.connect())).toContain("blocked_clients:2");
    await ask(direct, "LPUSH", "q", "x");
    expect((await client.take(2)).map(readable)).toEqual([["q", "x"], "+PONG"]);
    other.reset();
    await eventually(async () => (await infoOf(direct)).includes("blocked_clients:0"));
    expect(await infoOf(client)).toContain("blocked_clients:0");
  });

  test("may close in order while it waits, and takes no event then", async () => {
    const { client, direct } = await connected();
    client.pipeline(["BLPOP", "q", 0]);
    await eventually(async () => (await infoOf(direct)).includes("blocked_clients:1"));
    client.endSending();
    expect(await client.untilClosed()).toEqual([null]);
    expect(await askAll(direct, ["LPUSH", "q", "x"], ["LLEN", "q"])).toEqual([1, 1]);
  });

  test("may turn replies off", async () => {
    const { client } = await connected();
    client.pipeline(["CLIENT", "REPLY", "OFF"], ["LPUSH", "q", "x"], ["LRANGE", "q", 0, -1]);
    client.pipeline(["CLIENT", "REPLY", "ON"], ["LLEN", "q"]);
    expect((await client.take(2)).map(readable)).toEqual(["+OK", 1]);
  });
});

test("the reply of a transaction is passed on while it arrives", async () => {
  const { standby, serving } = await startPair();
  const [client, other] = [await standby.connect(), await standby.connect()];
  const direct = await serving.connect();
  for (let at = 0; at < 20; at++) await ask(direct, "RPUSH", "q", LARGE);
  client.pause(true);
  client.pipeline(["CLIENT", "SETNAME", "reader"], ["MULTI"], ["LRANGE", "q", 0, -1]);
  client.pipeline(["LLEN", "q"], ["EXEC"]);
  const unread = async () => {
    const list = String(await ask(other, "CLIENT", "LIST"));
    return Number(/name=reader .* omem=(\d+)/.exec(list)![1]);
  };
  await eventually(async () => (await unread()) > 0);
  for (let look = 0; look < 50; look++) expect(await unread()).toBeLessThan(LARGE.length);
  client.pause(false);
  const [range, length] = (await client.take(5)).map(readable)[4] as [string[], number];
  expect([range.length, length]).toEqual([20, 20]);
  expect(range.every((value) => value === LARGE.toString("latin1"))).toBe(true);
});

test("confirmations that are not complete, or not read, count as unsent", async () => {
  const { standby, serving, proxy } = await startDistantPair();
  const [client, other] = [await standby.connect(), await standby.connect()];
  await ask(client, "LLEN", "q");
  const unsent = () => infoFigure(other, "bytes_unsent");
  /** Their reply comes in several pieces. The standby passes the first one on. */
  const names = Array.from({ length: 8000 }, (_, at) => `${at} ${"x".repeat(100)}`);
  const holdSecond = () => {
    let pieces = 0;
    proxy.onReply = () => {
      if (++pieces === 2) proxy.set("replies", "hold");
    };
  };
  holdSecond();
  client.pipeline(["SUBSCRIBE", ...names]);
  await eventually(async () => (await unsent()) > 0);
  proxy.onReply = null;
  proxy.set("replies", "pass");
  await client.take(names.length);
  await eventually(async () => (await unsent()) === 0);
  expect(await ask(await serving.connect(), "PUBLISH", names[0]!, "x")).toBe(1);
  holdSecond();
  client.pipeline(["UNSUBSCRIBE"]);
  await eventually(async () => (await unsent()) > 0);
  client.reset();
  await eventually(async () => (await unsent()) === 0);
});

test("messages behind confirmations that are not read count as unsent", async () => {
  const { standby, serving } = await startPair();
  const [client, other] = [await standby.connect(), await standby.connect()];
  const direct = await serving.connect();
  const figure = (name: string) => infoFigure(other, name);
  await ask(client, "LPUSH", "q", "x".repeat(60_000));
  client.pause(true);
  const range = ["LRANGE", "q", 0, -1];
  await eventually(async () => {
    if ((await figure("client_output_max")) > 0) return true;
    client.pipeline(range);
    return false;
  });
  client.pipeline(...Array.from({ length: 8 }, () => range), ["SUBSCRIBE", "talk"]);
  const message = "x".repeat(100_000);
  await eventually(async () => (await ask(direct, "PUBLISH", "talk", message)) === 1);
  for (let count = 0; count < 20; count++) await ask(direct, "PUBLISH", "talk", message);
  await eventually(async () => (await figure("bytes_unsent")) > 900_000);
  await eventually(async () => (await figure("messages_lost")) > 5);
  client.reset();
  await eventually(async () => (await figure("bytes_unsent")) === 0);
});

test("commands behind one that failed are not done, also those that come there later", async () => {
  const { standby } = await startPair();
  const client = await standby.connect();
  await ask(client, "QCONFIG", "full", "max-length", 1);
  expect(await ask(client, "QPUSH", "full", "x", "ID", "1")).toBe("1");
  const behind = Array.from({ length: 300 }, () => ["LPUSH", "q", "x"]);
  const [failed, ...others] = await askAll(client, ["QPUSH", "full", "x", "ID", "2"], ...behind);
  expect(failed).toBe("-QUEUEFULL full");
  expect(others.filter((reply) => !String(reply).includes("not done, because"))).toEqual([]);
  expect(await ask(client, "LLEN", "q")).toBe(0);
});

test("the okq that serves shows the client, and RESET takes all of it back", async () => {
  const { standby, serving } = await startPair();
  const client = await standby.connect();
  const direct = await serving.connect();
  await askAll(client, ["CLIENT", "SETNAME", "ann"], ["QREGISTER", "q"]);
  const [, address] = /addr=(\S+)/.exec(String(await ask(client, "CLIENT", "INFO")))!;
  expect(String(await ask(direct, "CLIENT", "LIST"))).toContain(`addr=${address} `);
  expect(String(await ask(direct, "CLIENT", "LIST"))).toContain("name=ann");
  expect(await ask(client, "RESET")).toBe("+RESET");
  expect(String(await ask(direct, "CLIENT", "LIST"))).not.toContain("name=ann");
  expect(String(await ask(client, "QNOTIFY", 0))).toStartWith("-ERR not registered");
});

test("logs in where the client is, and checks rights at both", async () => {
  const users = writeUsers("ann push,inspect a*", "boss push,consume,inspect,manage,admin *");
  const { standby, serving } = await startPair({ users: users.path });
  const client = await standby.connect();
  expect(String(await ask(client, "LPUSH", "a", "x"))).toStartWith("-NOAUTH");
  expect(String(await ask(client, "AUTH", "ann", "wrong"))).toStartWith("-WRONGPASS");
  expect(await ask(client, "AUTH", "ann", passwordOf("ann"))).toBe("+OK");
  expect(await ask(client, "LPUSH", "a", "x")).toBe(1);
  expect(String(await ask(client, "LPUSH", "b", "x"))).toStartWith("-NOPERM");
  expect(String(await ask(client, "RPOP", "a"))).toStartWith("-NOPERM");
  expect(await ask(client, "AUTH", "boss", passwordOf("boss"))).toBe("+OK");
  expect(await ask(client, "RPOP", "a")).toBe("x");
  // The other okq has read the users again, and this one not.
  users.replace("boss push,consume,inspect,manage,admin *");
  serving.reload();
  const ann = await standby.connect();
  expect(await ask(ann, "AUTH", "ann", passwordOf("ann"))).toBe("+OK");
  expect(String(await ask(ann, "LPUSH", "a", "x"))).toContain("refused: No such user 'ann'");
});

test("OKQ DELIVERED is only for connections of another okq", async () => {
  const { serving, standby } = await startPair();
  for (const okq of [serving, standby]) {
    const reply = await ask(await okq.connect(), "OKQ", "DELIVERED", 1, "GONE");
    expect(String(reply)).toStartWith("-ERR this okq does not serve");
  }
});

test("a user may do no more than its rights at the standby allow", async () => {
  const users = writeUsers("ann all *");
  const { serving, start } = await startPair({ s3Lease: 10_000, users: users.path });
  const own = writeUsers("ann push,inspect a*");
  const standby = await start({ users: own.path });
  await untilLogged(standby, "stands by");
  const [client, direct] = await Promise.all([standby.connect(), serving.connect()]);
  for (const each of [client, direct]) await ask(each, "AUTH", "ann", passwordOf("ann"));
  for (const queue of ["a", "b"]) await ask(direct, "LPUSH", queue, "x");
  const check = async () => {
    expect(String(await ask(client, "QCONFIG", "a", "lease", 5))).toStartWith("-NOPERM");
    expect(String(await ask(client, "QPUSH", "a", "x", "PART", "b", "k"))).toStartWith("-NOPERM");
    expect(JSON.stringify(await ask(client, "QUEUES"))).not.toContain('"b"');
    expect(JSON.stringify(await ask(client, "QUEUES"))).toContain('"a"');
  };
  await check();
  const loaded = () => serving.log.filter((line) => line.includes("users loaded")).length;
  const before = loaded();
  users.replace("ann all *", "bob all *");
  serving.reload();
  await eventually(() => loaded() > before);
  await check();
  own.replace("ann all *");
  standby.reload();
  await eventually(async () => (await ask(client, "QCONFIG", "a", "lease", 5)) === "+OK");
});

test("OKQ FORWARD needs the secret, and ends a connection without it", async () => {
  const { serving, standby } = await startPair();
  for (const okq of [serving, standby]) {
    const client = await okq.connect();
    expect(String(await ask(client, "OKQ", "FORWARD", "guess", "default"))).toStartWith(
      "-ERR this",
    );
    await client.untilClosed();
  }
  const client = await serving.connect();
  expect(JSON.stringify(await ask(client, "COMMAND", "DOCS"))).not.toContain("forward");
});

test.each(["", "with certificates of clients"])("passes commands on over TLS %s", async (way) => {
  const { server, ca } = makeCertificates();
  const tls = { tlsListenAddr: "127.0.0.1:0", tlsCert: server.cert, tlsKey: server.key };
  const { start } = await startPair({ ...tls, listenAddr: "", tlsClientCa: way && ca });
  const standby = await start({ listenAddr: "127.0.0.1:0" });
  await untilLogged(standby, "stands by");
  const client = await standby.connect();
  expect(await ask(client, "LPUSH", "q", LARGE)).toBe(1);
  expect(await ask(client, "LLEN", "q")).toBe(1);
});

test("the next one serves at once when an okq ends, and its clients stay", async () => {
  const { standby, serving } = await startPair({ s3Lease: 10_000 });
  const client = await standby.connect();
  const subscriber = await standby.connect();
  await ask(client, "LPUSH", "q", "before");
  expect(await infoOf(client)).toMatch(/store_role:standby[^]*store:objects/);
  await ask(subscriber, "SUBSCRIBE", "okq:q");
  const closed = serving.close();
  await subscriber.untilClosed();
  await untilLogged(standby, "serves the queues");
  await closed;
  expect(await ask(client, "LRANGE", "q", 0, -1)).toEqual(["before"]);
  expect(String(await ask(client, "INFO", "store"))).toContain("store_role:serving");
});

test("a standby has as many clients as it likes at the okq that serves", async () => {
  const { standby, serving, start } = await startPair({ maxClientsPerAddress: 3 });
  const open = await start({ maxClientsPerAddress: 0 });
  await untilLogged(open, "stands by");
  const clients = await Promise.all(Array.from({ length: 10 }, () => open.connect()));
  for (const client of clients) expect(await ask(client, "LLEN", "q")).toBe(0);
  await serving.close();
  await untilLogged(standby, "serves the queues");
});

test("another standby knows that the next one loads, and is ready when that serves", async () => {
  const objects = new MemoryObjects();
  const mayLoad = Promise.withResolvers<void>();
  let isLoading = false;
  let looks = 0;
  const loadSlowly: Passage = async (call, effect) => {
    if (isLoading && call.startsWith(`read ${LOG}`)) await mayLoad.promise;
    isLoading ||= call.startsWith(`create ${LOG}`);
    return effect();
  };
  const countLooks: Passage = async (call, effect) => {
    if (isLoading && call === `read ${MANIFEST}`) looks += 1;
    return effect();
  };
  const start = async (line: string, passage?: Passage) => {
    const options = { s3Lease: 10_000, httpAddr: "127.0.0.1:0" };
    const okq = await startTestOkq(options, systemClock, sharedBucket(objects, passage));
    await untilLogged(okq, line);
    return okq;
  };
  const serving = await start("serves the queues");
  const second = await start("stands by", loadSlowly);
  const third = await start("stands by", countLooks);
  const readyz = async () => (await fetch(`http://127.0.0.1:${third.httpPort}/readyz`)).status;
  await eventually(async () => (await readyz()) === 200);
  await ask(await serving.connect(), "LPUSH", "q", "x");
  await serving.close();
  await eventually(() => looks >= 2);
  expect(await readyz()).toBe(503);
  mayLoad.resolve();
  await untilLogged(second, "serves the queues");
  expect(await readyz()).toBe(200);
  const { manifest } = (await readManifest(new MemoryBucket(objects, systemClock)))!;
  expect(manifest.challenge).toBeNull();
  const about = third.log.filter((line) => line.includes(`serving=127.0.0.1:${second.port}`));
  expect(about).toEqual([expect.stringContaining("stands by")]);
});
