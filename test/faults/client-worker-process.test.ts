// Worker processes that are killed (SIGKILL) or stopped (SIGSTOP) past their leases, beside others
// that go on. Leases end only when the test moves the clock of okq, so the account is exact.
import { join } from "node:path";
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest, noteProcess } from "../support/close-after-test.ts";
import { connectClient } from "../support/client.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { QUEUE, WorkerLedger } from "./client-worker-ledger.ts";
import { startMovingClock } from "./moving-clock.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

setDefaultTimeout(timeoutFor(30_000));

const EVENTS = 300;
const LEASE_MS = 600_000;
const program = join(import.meta.dir, "client-worker-process.ts");

interface WorkerProcess {
  child: Bun.Subprocess;
  /** The ids of its events by what became of them, as it has said. */
  said: Record<"handled" | "done" | "lost", Set<string>>;
  /** Resolves when all that it has said is read. */
  ended: Promise<number>;
  /** The events that it has begun and not ended. */
  open(): string[];
}

function startWorker(port: number, ledger: WorkerLedger): WorkerProcess {
  const argv = [process.execPath, program, String(port), QUEUE, String(LEASE_MS)];
  const child = Bun.spawn(argv, { stdout: "pipe", stderr: "inherit" });
  noteProcess(child, "a worker");
  const said = { handled: new Set<string>(), done: new Set<string>(), lost: new Set<string>() };
  const read = async () => {
    let text = "";
    for await (const chunk of child.stdout) {
      text += Buffer.from(chunk).toString();
      const lines = text.split("\n");
      text = lines.pop()!;
      for (const line of lines) {
        const [what, id] = line.split(" ") as ["handled" | "done" | "lost", string];
        said[what].add(id);
        ledger.note(what, id);
      }
    }
  };
  const ended = Promise.all([child.exited, read()]).then(([code]) => code);
  closeAfterTest({
    async close() {
      child.kill("SIGKILL");
      await child.exited;
    },
  });
  const open = () => [...said.handled].filter((id) => !said.done.has(id));
  return { child, said, ended, open };
}

/** Resolves to the claims of these workers when the others have finished. */
async function held(ledger: WorkerLedger, workers: WorkerProcess[]): Promise<string[]> {
  const isOne = (worker: string) => workers.some(({ child }) => worker.endsWith(`:${child.pid}`));
  return await ledger.onlyClaimedBy(isOne);
}

async function start() {
  const clock = startMovingClock();
  const { port } = await startTestOkq({}, clock);
  const ledger = new WorkerLedger(connectClient(port), EVENTS);
  await ledger.push();
  return { clock, port, ledger };
}

async function stopAll(workers: WorkerProcess[]): Promise<void> {
  for (const { child } of workers) child.kill("SIGTERM");
  expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual(workers.map(() => 0));
}

test("killed workers: only events that they had are handled again", async () => {
  const random = randomOf("workers killed");
  const { clock, port, ledger } = await start();
  const workers = [startWorker(port, ledger), startWorker(port, ledger)];
  const killed: WorkerProcess[] = [];
  for (let round = 0; round < rounds; round++) {
    const wanted = ledger.done.size + random(10, 60);
    await eventually(() => ledger.done.size >= Math.min(wanted, EVENTS - 50));
    const [worker] = workers.splice(random(0, workers.length - 1), 1);
    worker!.child.kill("SIGKILL");
    await worker!.ended;
    killed.push(worker!);
    workers.push(startWorker(port, ledger));
  }
  const left = await held(ledger, killed);
  clock.advance(LEASE_MS);
  await ledger.completed();
  await stopAll(workers);
  report("workers killed", { repeated: ledger.repeated.length });
  await ledger.settle((id) => left.includes(id));
  expect([...ledger.lost]).toEqual([]);
});

test("a worker stopped past its lease acknowledges nothing of what others got", async () => {
  const random = randomOf("worker stopped");
  const { clock, port, ledger } = await start();
  const stopped = startWorker(port, ledger);
  const wanted = random(5, 40);
  await eventually(() => stopped.said.done.size >= wanted && stopped.open().length > 0);
  stopped.child.kill("SIGSTOP");
  // Another worker does the rest, and then has the events of the stopped one when that goes on.
  const finish = Promise.withResolvers<void>();
  const again = new Set<string>();
  let left: string[] = [];
  const other = connectClient(port).worker(
    QUEUE,
    ({ id }) => {
      if (!left.includes(id)) return lasting(random(0, 5));
      again.add(id);
      return finish.promise;
    },
    { concurrency: 20, leaseMs: LEASE_MS },
  );
  ledger.watch(other);
  left = await held(ledger, [stopped]);
  expect(left.length).toBeGreaterThan(0);
  clock.advance(LEASE_MS);
  await eventually(() => again.size === left.length);
  stopped.child.kill("SIGCONT");
  // Of these it had begun some, and hears now that they are lost.
  await eventually(() =>
    left.every((id) => !stopped.said.handled.has(id) || stopped.said.lost.has(id)),
  );
  const others = (worker: string) => !worker.endsWith(`:${stopped.child.pid}`);
  expect((await ledger.onlyClaimedBy(others)).toSorted()).toEqual(left.toSorted());
  finish.resolve();
  await ledger.completed();
  await other.close();
  await stopAll([stopped]);
  report("worker stopped", { held: left.length, repeated: ledger.repeated.length });
  await ledger.settle((id) => left.includes(id));
  expect(left.filter((id) => stopped.said.done.has(id))).toEqual([]);
});
