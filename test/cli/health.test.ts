// `okq health` exits with 0 only if a write to the store succeeds, else with 1 and the reason.
import { expect, test } from "bun:test";
import { freePort } from "../support/free-port.ts";
import { startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestRedis } from "../support/okq-server.ts";
import { startProcess } from "../support/process.ts";

async function health(port: number, ...args: string[]): Promise<[code: number, words: string]> {
  const asked = startProcess(["health", "--listen-addr", `:${port}`, ...args]);
  const code = await asked.exited;
  return [code, asked.stdout() + asked.stderr()];
}

test("reports ok with each local store", async () => {
  for (const store of ["memory", newDatabase()]) {
    const { port } = await startOkqProcess(["--store", store]);
    expect(await health(port)).toEqual([0, "ok\n"]);
  }
});

test("fails while Redis is full, silent or gone", async () => {
  const redis = await startTestRedis({ args: ["--maxmemory-policy", "noeviction"] });
  const okq = await startOkqOnRedis(redis.port, 0, ["--redis-timeout", "500"]);
  expect(await health(okq.port)).toEqual([0, "ok\n"]);
  await redis.redis.config("SET", "maxmemory", "1mb");
  const [code, words] = await health(okq.port);
  expect([code, words]).toEqual([1, expect.stringMatching(/^okq: .*store refused: OOM .*\n$/)]);
  await redis.redis.config("SET", "maxmemory", "0");
  expect(await health(okq.port)).toEqual([0, "ok\n"]);
  redis.signal("SIGSTOP");
  expect(await health(okq.port)).toEqual([1, expect.stringMatching(/^okq: .*store .*\n$/)]);
  redis.signal("SIGCONT");
  await redis.kill();
  expect(await health(okq.port)).toEqual([1, expect.stringMatching(/store unavailable: .*\n$/)]);
});

test("fails if no server listens or answers", async () => {
  const port = await freePort();
  expect(await health(port)).toEqual([1, `okq: no okq listens on :${port}\n`]);
  const okq = await startOkqProcess(["--store", "memory"]);
  okq.kill("SIGSTOP");
  const silent = await health(okq.port);
  okq.kill("SIGCONT");
  expect(silent).toEqual([1, expect.stringMatching(/^okq: .*(no answer|within).*\n$/)]);
}, 60_000);

test("logs in with the password", async () => {
  const { port } = await startOkqProcess(["--store", "memory", "--password", "secret"]);
  expect((await health(port))[0]).toBe(1);
  expect(await health(port, "--password", "secret")).toEqual([0, "ok\n"]);
});
