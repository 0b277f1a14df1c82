// An account of events under `okq work` while its commands, their groups, its workers, okq and Redis
// are killed and stopped at random: each event is handled, and acknowledged only after a command for
// it has ended with 0.
import { expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { newDatabase } from "../support/okq-server.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { eventOf, startWorkScript } from "../support/okq-work.ts";
import type { OkqProcess } from "../support/process.ts";
import { ask } from "../support/readable.ts";
import { startRedis } from "../support/redis-server.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";
import { Ledger } from "./work-watch.ts";

const ROUND_MS = 15_000;
const GOOD = 60;
const BAD = 5;
const FAULTS = 12;
const LEASE_MS = 1_000;
const WORKERS = 2;

async function sqlite() {
  const port = await freePort();
  const database = newDatabase();
  return { port, start: () => startOkqProcess(["--store", database], port), redis: null };
}

async function redis() {
  const port = await freePort();
  const server = closeAfterTest(await startRedis({ isDurable: true }));
  return { port, start: () => startOkqOnRedis(server.port, port), redis: server };
}

test.each([
  ["sqlite", sqlite],
  ["redis", redis],
] as const)(
  "handles each event, and acknowledges none whose command has failed (%s)",
  async (name, place) => {
    const random = randomOf(`okq work on ${name}`);
    for (let round = 0; round < rounds; round++) {
      // oxlint-disable-next-line no-await-in-loop
      await runRound(name, await place(), random);
    }
  },
  timeoutFor(ROUND_MS * 4),
);

async function runRound(
  name: string,
  { port, start, redis: server }: Awaited<ReturnType<typeof redis | typeof sqlite>>,
  random: (from: number, to: number) => number,
) {
  const ledger = new Ledger();
  let okq = await start();
  await fill(okq);
  const script =
    `case "$OKQ_ID" in bad*) exit 3;; esac; sleep 0.$((OKQ_ATTEMPT * 13 % 4)); sleep 0.1; ` +
    `echo "$OKQ_ID" >> ${ledger.file}`;
  const startOne = () =>
    startWorkScript(port, ["q", "-c", "3", "--ex", "1", "--grace", "1"], script);
  const workers: OkqProcess[] = Array.from({ length: WORKERS }, startOne);
  const some = () => random(0, WORKERS - 1);

  const faults: Record<string, () => Promise<void> | void> = {
    killCommand() {
      const [pid] = ledger.commands();
      if (pid !== undefined) signal(pid, "SIGKILL");
    },
    killGroup() {
      const pid = ledger.commands().at(-1);
      if (pid !== undefined) signal(-pid, "SIGKILL");
    },
    async killWorker() {
      const at = some();
      workers[at]!.kill("SIGKILL");
      await workers[at]!.exited;
      workers[at] = startOne();
    },
    async stopWorker() {
      const { pid } = workers[some()]!;
      signal(pid, "SIGSTOP");
      await lasting(LEASE_MS * 1.5);
      signal(pid, "SIGCONT");
    },
    async killOkq() {
      await okq.crash();
      okq = await start();
    },
    async killRedis() {
      await server?.kill();
      await server?.start();
    },
  };
  const names = Object.keys(faults).filter((fault) => server || fault !== "killRedis");
  const done: string[] = [];
  for (let count = 0; count < FAULTS; count++) {
    const fault = names[random(0, names.length - 1)]!;
    done.push(fault);
    // oxlint-disable-next-line no-await-in-loop
    await faults[fault]!();
    // oxlint-disable-next-line no-await-in-loop
    await lasting(random(50, 400));
  }
  await eventually(async () => (await totalOf(okq)) === BAD, {
    timeoutMs: 60_000,
    message: `only the bad events are left: ${done.join(" ")}`,
  });
  const handled = ledger.lines();
  expect(new Set(handled)).toEqual(new Set(Array.from({ length: GOOD }, (_, at) => `good${at}`)));
  for (let at = 0; at < BAD; at++) {
    // oxlint-disable-next-line no-await-in-loop
    const event = await eventOf(await okq.connect(), "q", `bad${at}`);
    expect(event!["failures"]).toBeGreaterThan(0);
  }
  for (const worker of workers) worker.kill("SIGTERM");
  for (const worker of workers) {
    // A worker that found no okq when it started has ended already.
    // oxlint-disable-next-line no-await-in-loop
    expect([0, 69]).toContain(await worker.exited);
  }
  await eventually(() => ledger.commands().length === 0, { message: "no command is left" });
  report(`okq work on ${name}`, { faults: done.length, handled: handled.length, events: GOOD });
  await okq.crash();
}

async function fill(okq: ListeningOkq): Promise<void> {
  const client = await okq.connect();
  await ask(client, "QCONFIG", "q", "backoff", "fixed 0.2");
  const ids = [
    ...Array.from({ length: BAD }, (_, at) => `bad${at}`),
    ...Array.from({ length: GOOD }, (_, at) => `good${at}`),
  ];
  await ask(client, "QMPUSH", "q", "PAIRS", ...ids.flatMap((id) => [id, "contents"]));
  client.close();
}

/** Ready, delayed and claimed events. */
async function totalOf(okq: ListeningOkq): Promise<number> {
  const client = await okq.connect();
  const [[, total]] = (await ask(client, "QSTATUS", "q")) as [[string, number]];
  client.close();
  return total;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended.
  }
}
