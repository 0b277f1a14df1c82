// Refused commands: the error texts, and that a refused command has no effect. Bytes from a client
// must never split an error reply.
import { describe, expect, test } from "bun:test";
import { startOkqOn, storeNames } from "../support/okq-server.ts";
import { ask, askAll } from "../support/readable.ts";

const BEYOND_ASCII = Buffer.from([0xff, 0x80, 0x1b, 0x5b, 0x41]);

describe.each(storeNames)("on %s", (store) => {
  test("answers an unknown command with the error of Redis", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await ask(client, "NONSENSE")).toBe(
      "-ERR unknown command 'NONSENSE', with args beginning with: ",
    );
    expect(await ask(client, "get", "a", "b", "c", "d")).toBe(
      "-ERR unknown command 'get', with args beginning with: 'a' 'b' 'c' ",
    );
    expect(await ask(client, "")).toStartWith("-ERR unknown command ''");
    expect(await ask(client, "toString")).toStartWith("-ERR unknown command 'toString'");
    expect(await ask(client, "__proto__")).toStartWith("-ERR unknown command '__proto__'");
    expect(await ask(client, "CLIENT LIST")).toStartWith("-ERR unknown command 'CLIENT LIST'");
  });

  test("no bytes in an error text can split the reply", async () => {
    const client = await (await startOkqOn(store)).connect();
    for (const odd of ["a\r\n+OK\r\n", "\r", "\n", "\0", "\r\n".repeat(500), BEYOND_ASCII]) {
      await ask(client, "QLPUSH", "q", odd, "x");
      const commands = [
        [odd, odd, odd],
        ["QLPUSH", "q", odd, "x"],
        ["QLPUSH", "q", "1", "x", odd],
        ["QRPOP", "q", "EX", odd],
        ["QNOTIFY", odd],
        ["CLIENT", odd],
        ["CLIENT", "KILL", odd, odd],
        ["CLIENT", "SETINFO", odd, odd],
        ["HELLO", "3", odd],
      ];
      for (const command of commands) {
        expect(await ask(client, ...command)).toMatch(/^-ERR [^\r\n\0]{3,507}$/);
      }
      expect(await ask(client, "PING")).toBe("+PONG");
    }
    expect(await ask(client, "QSTATUS", "q")).toMatchObject([["q", 6, 0, 0]]);
  });

  test("shows the id of a duplicate, and cuts a long one", async () => {
    const client = await (await startOkqOn(store)).connect();
    for (const id of ["1", "x".repeat(4000), "a\r\nb"]) await ask(client, "QLPUSH", "q", id, "x");
    const duplicate = (id: string) => ask(client, "QLPUSH", "q", id, "x");
    expect(await duplicate("1")).toBe("-ERR duplicate event 1");
    expect(await duplicate("a\r\nb")).toBe("-ERR duplicate event a??b");
    expect(await duplicate("x".repeat(4000))).toBe(`-ERR duplicate event ${"x".repeat(128)}...`);
  });

  test("refuses seconds that are negative, too many or not a number", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QLPUSH", "q", "1", "x");
    const wrong = ["-1", "-0.5", "x", "", " 1", "1 ", "1e10", "0x1", "1.", "1,5", "NaN"];
    const huge = ["2147483648", "9".repeat(40), "1".repeat(10_000), "inf", "Infinity"];
    for (const seconds of [...wrong, ...huge]) {
      const reply = await ask(client, "QRPOP", "q", "EX", seconds);
      expect(reply).toStartWith("-ERR EX must be a number of seconds from 0 to 2147483647, got '");
    }
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 1, 0, 0]]);
    expect(await ask(client, "QRPOP", "q", "EX", "2147483647")).toEqual(["1", "x"]);
  });

  test("runs the commands before and after a refused command", async () => {
    const client = await (await startOkqOn(store)).connect();
    const replies = await askAll(
      client,
      ["QLPUSH", "q", "1", "x"],
      ["QLPUSH", "q", "2"],
      ["QLPUSH", "q", "3", "x", "y", "z"],
      ["QLPUSH", "q", "4", "x", "FOO"],
      ["QFLUSH"],
      ["QFLUSH", "q", "q"],
      ["QFLUSHALL"],
      ["QACK", "q"],
      ["QLPUSH", "q", "5", "x"],
    );
    expect(replies.map((reply) => String(reply).slice(0, 4))).toEqual([
      "+OK",
      ...Array<string>(7).fill("-ERR"),
      "+OK",
    ]);
    expect(await ask(client, "QSTATUS")).toEqual([["q", 2, 0, 0]]);
    expect(await ask(client, "QLPEEK", "q")).toEqual(["5", "x"]);
  });

  test("begins every error with a code that drivers do not react to", async () => {
    const client = await (await startOkqOn(store)).connect();
    const codes = ["MOVED 1 1.2.3.4:5", "LOADING", "READONLY", "NOPROTO", "NOAUTH", "TRYAGAIN"];
    for (const text of codes) {
      await ask(client, "QLPUSH", "q", text, "x");
      const commands = [[text], ["QLPUSH", "q", text, "x"], ["QRPOP", "q", text], ["CLIENT", text]];
      for (const reply of await askAll(client, ...commands)) {
        expect(reply).toMatch(/^-ERR (unknown|duplicate|syntax) /);
      }
    }
  });
});
