// Connection commands over the wire, with the replies that drivers look for. They do not touch the
// store.
import { describe, expect, test } from "bun:test";
import { version } from "../../package.json" with { type: "json" };
import { startTestOkq } from "../support/okq-server.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { ReplyDecoder } from "../support/reply-decoder.ts";
import type { Wire } from "../support/wire.ts";

const NOT_AN_INTEGER = "-ERR Protocol version is not an integer or out of range";
const WRONG_PASSWORD = "-WRONGPASS invalid username-password pair or user is disabled.";

async function connected(): Promise<Wire> {
  return await (await startTestOkq()).connect();
}

function greeting(proto: 2 | 3, id: number) {
  const fields = { server: "redis", version: "7.4.0", proto, id, mode: "standalone" };
  return { ...fields, role: "master", modules: [], okq: version };
}

describe("HELLO", () => {
  test("without arguments describes the server in the current protocol", async () => {
    const client = await connected();
    const id = (await ask(client, "CLIENT", "ID")) as number;
    expect(await ask(client, "HELLO")).toEqual(Object.entries(greeting(2, id)).flat(1));
    expect(await ask(client, "HELLO", 3)).toEqual({ map: greeting(3, id) });
    expect(await ask(client, "HELLO")).toEqual({ map: greeting(3, id) });
    expect(await ask(client, "HELLO", 2)).toEqual(Object.entries(greeting(2, id)).flat(1));
  });

  test("takes AUTH and SETNAME in any order and case", async () => {
    const client = await connected();
    const { map } = (await ask(client, "hello", 3, "auth", "default", "secret")) as {
      map: Record<string, unknown>;
    };
    expect(map).toMatchObject({ proto: 3 });
    await ask(client, "HELLO", 3, "SETNAME", "one", "AUTH", "default", "");
    expect(await ask(client, "CLIENT", "GETNAME")).toBe("one");
    await ask(client, "HELLO", 2, "Auth", "default", "x", "SetName", "two");
    expect(await ask(client, "CLIENT", "GETNAME")).toBe("two");
  });

  test.each([
    [["4"], "-NOPROTO unsupported protocol version"],
    [["1"], "-NOPROTO unsupported protocol version"],
    [["-3"], "-NOPROTO unsupported protocol version"],
    [["x"], NOT_AN_INTEGER],
    [["3.0"], NOT_AN_INTEGER],
    [[""], NOT_AN_INTEGER],
    [["99999999999999999999"], NOT_AN_INTEGER],
    [["AUTH", "default", "x"], NOT_AN_INTEGER],
    [["3", "AUTH", "other", "x"], WRONG_PASSWORD],
    [["3", "SETNAME", "one", "AUTH", "other", "x"], WRONG_PASSWORD],
    [["3", "AUTH", "default"], "-ERR Syntax error in HELLO option 'AUTH'"],
    [["3", "SETNAME"], "-ERR Syntax error in HELLO option 'SETNAME'"],
    [["3", "FOO"], "-ERR Syntax error in HELLO option 'FOO'"],
    [
      ["3", "SETNAME", "a b"],
      "-ERR Client names cannot contain spaces, newlines or special characters, or be too long.",
    ],
  ])("%p is refused and changes nothing", async (args, refusal) => {
    const client = await connected();
    expect(await ask(client, "HELLO", ...args)).toBe(refusal);
    expect(await ask(client, "CLIENT", "GETNAME")).toBeNull();
    expect(await ask(client, "CLIENT", "INFO")).toContain(" resp=2");
  });

  test("changes the protocol of later replies and not of earlier ones", async () => {
    const { port } = await startTestOkq();
    const commands = "QRPOP q\r\nHELLO 3\r\nQRPOP q\r\nHELLO 2\r\nQRPOP q\r\nQUIT\r\n";
    const bytes = await exchange(port, commands);
    expect(bytes.startsWith("$-1\r\n%8\r\n")).toBeTrue();
    expect(bytes).toContain("\r\n_\r\n*16\r\n");
    expect(bytes.endsWith("$-1\r\n+OK\r\n")).toBeTrue();
    const decoder = new ReplyDecoder();
    decoder.feed(Buffer.from(bytes, "latin1"));
    const replies = Array.from({ length: 6 }, () => readable(decoder.next()!));
    expect([replies[0], replies[2], replies[4], replies[5]]).toEqual([null, null, null, "+OK"]);
  });
});

test("AUTH answers like a Redis without a password", async () => {
  const client = await connected();
  expect(await ask(client, "AUTH", "secret")).toBe(
    "-ERR AUTH <password> called without any password configured for the default user. " +
      "Are you sure your configuration is correct?",
  );
  expect(await ask(client, "AUTH", "default", "anything")).toBe("+OK");
  expect(await ask(client, "AUTH", "other", "anything")).toBe(WRONG_PASSWORD);
  expect(await ask(client, "PING")).toBe("+PONG");
});

test("SELECT takes database 0 only", async () => {
  const client = await connected();
  expect(await ask(client, "SELECT", 0)).toBe("+OK");
  for (const index of [1, 15, 16, -1]) {
    expect(await ask(client, "SELECT", index)).toBe("-ERR DB index is out of range");
  }
  for (const index of ["x", "", "0.5", "99999999999999999999"]) {
    const refusal = "-ERR value is not an integer or out of range";
    expect(await ask(client, "SELECT", index)).toBe(refusal);
  }
});

test("PING and ECHO return the bytes that were sent", async () => {
  const client = await connected();
  const bytes = Buffer.from([0, 13, 10, 255, 128, 36]);
  expect(await ask(client, "PING")).toBe("+PONG");
  expect(await client.call("PING", bytes)).toEqual(bytes);
  expect(await client.call("PING", "")).toEqual(Buffer.alloc(0));
  expect(await client.call("ECHO", bytes)).toEqual(bytes);
  expect(await client.call("ECHO", "")).toEqual(Buffer.alloc(0));
});

test("QUIT takes arguments, as in Redis", async () => {
  const client = await (await startTestOkq()).connect();
  client.pipeline(["QUIT", "x", "y"], ["PING"]);
  expect((await client.untilClosed()).map(readable)).toEqual(["+OK"]);
});

test("QUIT is answered after all earlier commands, then the connection closes", async () => {
  const client = await connected();
  client.pipeline(["QLPUSH", "q", "1", "x"], ["QRPOP", "q"], ["quit"], ["PING"]);
  const replies = await client.untilClosed();
  expect(replies.map(readable)).toEqual(["+OK", ["1", "x"], "+OK"]);
});

test("RESET resets the connection", async () => {
  const client = await connected();
  await askAll(client, ["HELLO", 3, "SETNAME", "one"], ["QREGISTER", "q"]);
  expect(await ask(client, "RESET")).toBe("+RESET");
  const after = await askAll(client, ["CLIENT", "GETNAME"], ["QSTATUS"], ["CLIENT", "LIST"]);
  expect(after.slice(0, 2)).toEqual([null, []]);
  expect(after[2]).toContain(" queues=0\n");
  expect(after[2]).toContain(" resp=2 ");
});

test("RESET turns replies on again and is answered itself, as in Redis", async () => {
  const client = await connected();
  client.pipeline(["CLIENT", "REPLY", "OFF"], ["RESET"], ["PING"]);
  expect((await client.take(2)).map(readable)).toEqual(["+RESET", "+PONG"]);
});

/** Everything that the server sends until it closes. */
async function exchange(port: number, sent: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const chunks: Buffer[] = [];
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_socket, chunk) => void chunks.push(Buffer.from(chunk)),
      close: () => resolve(),
    },
  });
  socket.write(sent);
  await promise;
  return Buffer.concat(chunks).toString("latin1");
}
