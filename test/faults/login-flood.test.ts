// A flood of wrong logins, with hashes of the real cost: it hardly slows down logged-in clients,
// others can still log in, and neither memory nor the log fills up.
// oxlint-disable no-await-in-loop -- one after the other is what is measured
import { expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { join, resolve } from "node:path";
import { hashPassword } from "../../src/users/password-checks.ts";
import { closeAfterTest, noteProcess } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { ask } from "../support/readable.ts";
import { passwordOf } from "../support/users.ts";
import { frame, type Wire } from "../support/wire.ts";

const CYCLES = 4_000;

/** Logs in. Tries again after a late or missing answer, as drivers do. */
async function logInAs(okq: { connect(): Promise<Wire> }, name: string) {
  const startedAt = performance.now();
  const client = await eventually(
    async () => {
      const wire = closeAfterTest(await okq.connect());
      return (await ask(wire, "AUTH", name, passwordOf(name))) === "+OK" ? wire : null;
    },
    { message: `${name} logs in` },
  );
  return { client, tookMs: performance.now() - startedAt };
}

async function quickestOf(times: number, logIn: () => Promise<{ tookMs: number }>) {
  let leastMs = Infinity;
  for (let at = 0; at < times; at++) leastMs = Math.min(leastMs, (await logIn()).tookMs);
  return leastMs;
}

/** The milliseconds of a push and a pop: median and 99th percentile. */
async function latencies(client: Wire): Promise<{ median: number; p99: number }> {
  const took: number[] = [];
  for (let i = 0; i < CYCLES; i++) {
    const startedAt = performance.now();
    await client.call("QLPUSH", "q", i, "x");
    await client.call("QRPOP", "q", "NOACK");
    took.push(performance.now() - startedAt);
  }
  took.sort((a, b) => a - b);
  return { median: took[CYCLES / 2]!, p99: took[Math.floor(CYCLES * 0.99)]! };
}

/** Milliseconds until a wrong password from that local address is refused. */
async function mistakeMs(port: number, localAddress: string): Promise<number> {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  closeAfterTest({ close: () => socket.destroy() });
  await once(socket, "connect");
  const startedAt = performance.now();
  socket.write(frame(["AUTH", "eve", "mistyped"]));
  const [reply] = (await once(socket, "data")) as [Buffer];
  expect(String(reply)).toStartWith("-WRONGPASS");
  return performance.now() - startedAt;
}

/** The delay of the first wrong login from several addresses, and of a pool of connections. */
async function firstMistakes(port: number): Promise<{ median: number; pool: number }> {
  const took: number[] = [];
  for (let host = 2; host < 11; host++) took.push(await mistakeMs(port, `127.0.0.${host}`));
  took.sort((a, b) => a - b);
  const pool = Array.from({ length: 10 }, () => mistakeMs(port, "127.0.0.20"));
  return { median: took[4]!, pool: Math.max(...(await Promise.all(pool))) };
}

/** The longest of a few comparisons of a password with its hash on the busy machine. */
async function slowestComparisonMs(): Promise<number> {
  const hash = await hashPassword(Buffer.from("right"));
  const took: number[] = [];
  for (let times = 0; times < 5; times++) {
    const startedAt = performance.now();
    await Bun.password.verify("wrong", hash);
    took.push(performance.now() - startedAt);
  }
  return Math.max(...took);
}

function startFlood(port: number) {
  const flooder = resolve(import.meta.dir, "login-flooder.ts");
  const child = Bun.spawn([process.execPath, flooder, `${port}`], { stdout: "pipe" });
  noteProcess(child, "login flooder");
  const stop = async () => {
    child.kill();
    await child.exited;
    return Number(await child.stdout.text());
  };
  closeAfterTest({ close: () => child.kill("SIGKILL") });
  return stop;
}

function residentMiB(pid: number): number {
  const { stdout } = Bun.spawnSync(["ps", "-o", "rss=", "-p", `${pid}`]);
  return Math.round(Number(stdout) / 1024);
}

test("a login flood hardly slows down other clients, and others can log in", async () => {
  const users = join(newFolder(), "users");
  const names = ["ann", "bob", "eve"];
  const lines = names.map(async (name) => {
    return `${name} ${await hashPassword(Buffer.from(passwordOf(name)))} all *\n`;
  });
  await Bun.write(users, (await Promise.all(lines)).join(""));
  const password = ["--password", passwordOf("default")];
  const okq = await startOkqProcess(["--store", "memory", "--users", users, ...password]);
  const { client, tookMs: firstMs } = await logInAs(okq, "ann");
  await latencies(client);
  const calm = await latencies(client);
  const calmMiB = residentMiB(okq.pid);

  const stopFlood = startFlood(okq.port);
  await eventually(() => okq.stderr().includes("login failed"));
  const flooded = await latencies(client);
  const again = await quickestOf(3, () => logInAs(okq, "ann"));
  const plain = await quickestOf(3, () => logInAs(okq, "default"));
  // New users, while the flood guesses the password of one of them.
  const bob = (await logInAs(okq, "bob")).tookMs;
  const eve = (await logInAs(okq, "eve")).tookMs;
  const mistakes = await firstMistakes(okq.port);
  const comparisonMs = await slowestComparisonMs();
  const floodedMiB = residentMiB(okq.pid);
  const tries = await stopFlood();

  const show = (ms: number) => ms.toFixed(2);
  console.log(
    `  ${tries} wrong logins; a push and a pop: median ${show(calm.median)} -> ` +
      `${show(flooded.median)} ms, p99 ${show(calm.p99)} -> ${show(flooded.p99)} ms; logins: ` +
      `first ${show(firstMs)} ms, in the flood known ${show(again)}, plain ${show(plain)}, ` +
      `bob ${show(bob)}, eve ${show(eve)}; first mistakes from elsewhere ` +
      `${show(mistakes.median)}, of a pool ${show(mistakes.pool)}; ` +
      `memory ${calmMiB} -> ${floodedMiB} MiB`,
  );
  expect(tries).toBeGreaterThan(500);
  expect(flooded.median).toBeLessThan(calm.median * 6 + 1);
  for (const knownMs of [again, plain]) expect(knownMs).toBeLessThan(500);
  // The delay and a few comparisons, whose duration depends on the machine.
  const mistakeMsMax = 1000 + 4 * Math.max(firstMs, comparisonMs);
  expect(mistakes.median).toBeLessThan(mistakeMsMax);
  expect(mistakes.pool).toBeLessThan(mistakeMsMax);
  expect(floodedMiB - calmMiB).toBeLessThan(300);
  expect(okq.stderr().match(/logins? failed/g)!.length).toBeLessThan(tries / 10);
  expect(okq.stderr()).not.toContain("wrong 1");
}, 100_000);
