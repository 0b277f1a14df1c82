// redis-benchmark, which stops at the first error reply, and asks for options before it starts.
import { describe, expect, test } from "bun:test";
import { startOkqOn, storeNames, type TestOkq } from "../support/okq-server.ts";
import { run } from "./programs.ts";

/** The output without the progress lines. A warning or an error on either stream fails the test. */
async function benchmark({ port }: TestOkq, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(["redis-benchmark", "-p", `${port}`, ...args]);
  const lines = stdout.toString().split(/[\r\n]+/);
  const complaints = lines.filter((line) => /warn|error/i.test(line));
  expect({ code, stderr, complaints }).toEqual({ code: 0, stderr: "", complaints: [] });
  return lines.filter((line) => !line.includes("overall:")).join("\n");
}

const load = ["-n", "2000", "-c", "20", "-P", "16", "-q"];
/** redis-benchmark pushes slightly more than requested, so this number is larger. */
const drain = ["-n", "3000", ...load.slice(2)];
/** Ids are two random numbers, so that duplicates are practically impossible. */
const distinct = ["-r", "2147483647"];

describe.each(storeNames)("redis-benchmark on %s", (store) => {
  test.each([
    { protocol: 2, flags: [] },
    { protocol: 3, flags: ["-3"] },
  ])("pushes and pops events in pipelines, in RESP$protocol", async ({ flags }) => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    const push = ["QLPUSH", "foo", "__rand_int__-__rand_int__", "x"];
    expect(await benchmark(okq, ...flags, ...load, ...distinct, ...push)).toContain(
      "requests per second",
    );
    const [[, total]] = (await client.call("QSTATUS", "foo")) as [[Buffer, number]];
    expect(total).toBeGreaterThanOrEqual(2000);
    await benchmark(okq, ...flags, ...drain, "QRPOP", "foo", "NOACK");
    expect(await client.call("QRPOP", "foo")).toBeNull();
  });

  test("runs its own PING tests, inline and as multibulk", async () => {
    const okq = await startOkqOn(store);
    const output = await benchmark(okq, "-t", "ping", ...load);
    expect(output).toMatch(/PING_INLINE: [\d.]+ requests per second/);
    expect(output).toMatch(/PING_MBULK: [\d.]+ requests per second/);
  });

  test("stops with okq's error for an event pushed twice", async () => {
    const { port } = await startOkqOn(store);
    const push = ["QLPUSH", "foo", "same", "x"];
    const { code, stderr } = await run(["redis-benchmark", "-p", `${port}`, ...load, ...push]);
    expect(code).toBe(1);
    expect(stderr).toContain("ERR duplicate event same");
  });
});
