// redis-cli as people and scripts use it: one command per call, many through a pipe, RESP2 and
// RESP3, JSON, --pipe for loading, and its help.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startOkqOn, storeNames } from "../support/okq-server.ts";
import { frame } from "../support/wire.ts";
import { run } from "./programs.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);

/** The output of redis-cli. Any output on stderr fails the test. */
async function print(port: number, args: string[], input: Buffer | string = ""): Promise<string> {
  const { stdout, stderr, code } = await run(["redis-cli", "-p", `${port}`, ...args], input);
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  return stdout.toString();
}

describe.each(storeNames)("redis-cli on %s", (store) => {
  test("pushes, pops and acknowledges with one command per call", async () => {
    const { port } = await startOkqOn(store);
    expect(await print(port, ["QLPUSH", "q", "1", "one"])).toBe("OK\n");
    expect(await print(port, ["QRPOP", "q"])).toBe("1\none\n");
    expect(await print(port, ["QRPOP", "q"])).toBe("\n");
    expect(await print(port, ["QSTATUS", "q"])).toBe("q\n1\n1\n0\n");
    expect(await print(port, ["QACK", "q", "1"])).toBe("1\n");
    expect(await print(port, ["QACK", "q", "1"])).toBe("0\n");
  });

  test("pushes, pops and acknowledges in RESP3, also as JSON", async () => {
    const { port } = await startOkqOn(store);
    expect(await print(port, ["-3", "CLIENT", "INFO"])).toContain("resp=3");
    expect(await print(port, ["-3", "QLPUSH", "q", "1", "one"])).toBe("OK\n");
    expect(await print(port, ["--json", "QSTATUS"])).toBe('[["q",1,0,0]]\n');
    expect(await print(port, ["--json", "QRPOP", "q"])).toBe('["1","one"]\n');
    expect(await print(port, ["--json", "QRPOP", "q"])).toBe("null\n");
    expect(await print(port, ["-3", "--no-raw", "QRPOP", "q"])).toBe("(nil)\n");
    expect(JSON.parse(await print(port, ["--json", "HELLO"]))).toMatchObject({ proto: 3 });
    expect(await print(port, ["-3", "QACK", "q", "1"])).toBe("1\n");
  });

  test("prints an error with okq's text", async () => {
    const { port } = await startOkqOn(store);
    await print(port, ["QLPUSH", "q", "1", "one"]);
    const duplicate = await run(["redis-cli", "-e", "-p", `${port}`, "QLPUSH", "q", "1", "two"]);
    expect(duplicate.code).toBe(1);
    expect(duplicate.stderr.trim()).toBe("ERR duplicate event 1");
  });

  test("answers many commands from a pipe line by line, also after an error", async () => {
    const { port } = await startOkqOn(store);
    const pushes = numbers(1000).map((id) => `QLPUSH q ${id} "no ${id}"\n`);
    expect(await print(port, [], pushes.join(""))).toBe("OK\n".repeat(1000));
    const pops = numbers(1000).map((id) => `QRPOP q\nQACK q ${id}\n`);
    const popped = numbers(1000).map((id) => `${id}\nno ${id}\n1\n`);
    expect(await print(port, [], pops.join(""))).toBe(popped.join(""));
    const { stdout } = await run(["redis-cli", "-p", `${port}`], "QLPUSH q\nQLPUSH q 1 x\n");
    expect(stdout.toString()).toEndWith("OK\n");
  });

  test("waits in a pipe for a push by another redis-cli", async () => {
    const okq = await startOkqOn(store);
    const observer = await okq.connect();
    const consumed = print(okq.port, [], "QREGISTER q\nQNOTIFY 10\nQRPOP q\nQACK q 1\n");
    await eventually(async () => {
      return String(await observer.call("INFO", "clients")).includes("blocked_clients:1\r");
    });
    expect(await print(okq.port, ["QLPUSH", "q", "1", "one"])).toBe("OK\n");
    expect(await consumed).toBe("OK\nq\n1\none\n1\n");
  });

  test("pushes bytes that are not text with -x and prints them raw", async () => {
    const { port } = await startOkqOn(store);
    const bytes = Buffer.from(numbers(256).map((byte) => 255 - byte));
    expect(await print(port, ["-x", "QLPUSH", "q", "1"], bytes)).toBe("OK\n");
    const { stdout } = await run(["redis-cli", "-p", `${port}`, "--raw", "QRPOP", "q"]);
    expect(stdout).toEqual(Buffer.concat([Buffer.from("1\n"), bytes, Buffer.from("\n")]));
  });

  test("loads many events with --pipe and counts one reply for each", async () => {
    const { port } = await startOkqOn(store);
    const pushes = numbers(5000).map((id) => frame(["QLPUSH", "q", id, `no ${id}`]));
    const output = await print(port, ["--pipe"], Buffer.concat(pushes));
    expect(output.trim().split("\n").at(-1)).toBe("errors: 0, replies: 5000");
    expect(await print(port, ["QSTATUS", "q"])).toBe("q\n5000\n0\n0\n");
    const again = await run(
      ["redis-cli", "-p", `${port}`, "--pipe"],
      frame(["QLPUSH", "q", 7, ""]),
    );
    expect(again.stdout.toString()).toContain("errors: 1, replies: 1");
  });
});

test("redis-cli's help explains okq's commands", async () => {
  const { port } = await startOkqOn("memory");
  expect(await print(port, ["help", "QRPOP"])).toContain("queue [EX seconds] [NOACK]");
  expect(await print(port, [], "help qlpush\n")).toContain("Pushes an event at the left end");
});
