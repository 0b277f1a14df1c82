// An account of events under `okq work` while its commands, their groups, its workers, okq and
// Redis are killed and stopped at random: each event is handled, and acknowledged only after a
// command for it has ended with 0.
import { expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase } from "../support/okq-server.ts";
import { eventOf } from "../support/okq-work.ts";
import { ask } from "../support/readable.ts";
import { startRedis } from "../support/redis-server.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";
import { type Place, WorkLoad } from "./work-load.ts";

const ROUND_MS = 60_000;
const GOOD = 40;
const BAD = 5;
const FAULTS = 8;

const named = (name: string, count: number) => Array.from({ length: count }, (_, at) => name + at);
const good = named("good", GOOD);
/** The command of these always fails. */
const bad = named("bad", BAD);

const places: Record<string, () => Promise<Place>> = {
  async sqlite() {
    const port = await freePort();
    const database = newDatabase();
    return { port, start: () => startOkqProcess(["--store", database], port), redis: null };
  },
  async redis() {
    const port = await freePort();
    const redis = closeAfterTest(await startRedis({ isDurable: true }));
    return { port, start: () => startOkqOnRedis(redis.port, port), redis };
  },
};

test.each(Object.entries(places))(
  "handles each event, and acknowledges none whose command has failed, on %s",
  async (name, open) => {
    const random = randomOf(`okq work on ${name}`);
    for (let round = 0; round < rounds; round++) {
      await runRound(name, await open(), random);
    }
  },
  timeoutFor(ROUND_MS),
);

async function runRound(name: string, place: Place, random: (from: number, to: number) => number) {
  const okq = await place.start();
  await fill(okq);
  const load = new WorkLoad(place, okq, random);
  const faults: string[] = [];
  while (faults.length < FAULTS) faults.push(await load.fault());
  await eventually(async () => (await totalOf(load.okq)) === BAD, {
    timeoutMs: ROUND_MS,
    message: `only the bad events are left: ${faults.join(" ")}`,
  });
  const handled = load.ledger.lines();
  expect(new Set(handled)).toEqual(new Set(good));
  const client = await load.okq.connect();
  for (const id of bad) {
    expect((await eventOf(client, "q", id))!["failures"]).toBeGreaterThan(0);
  }
  client.close();
  // A worker may be just starting.
  for (const code of await load.end()) expect([0, 143]).toContain(code);
  await eventually(() => load.ledger.commands().length === 0, { message: "no command is left" });
  report(`okq work on ${name}`, { faults: FAULTS, handled: handled.length, events: GOOD });
  await load.okq.crash();
}

async function fill(okq: ListeningOkq): Promise<void> {
  const client = await okq.connect();
  await ask(client, "QCONFIG", "q", "backoff", "fixed 0.2");
  const pairs = [...bad, ...good].flatMap((id) => [id, "contents"]);
  await ask(client, "QMPUSH", "q", "PAIRS", ...pairs);
  client.close();
}

/** Ready, delayed and claimed events. */
async function totalOf(okq: ListeningOkq): Promise<number> {
  const client = await okq.connect();
  const [[, total]] = (await ask(client, "QSTATUS", "q")) as [[string, number]];
  client.close();
  return total;
}
