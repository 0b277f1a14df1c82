// okq gets a seeded mix of valid and broken HTTP requests from many connections. It stays up and
// within its bounds, and the requests of well-behaved clients are answered exactly.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { Random } from "../stores/random.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { startProcess } from "../support/process.ts";
import { newDatabase, startTestRedis, storeNames } from "../support/okq-server.ts";
import { openFiles, residentBytes } from "../support/process-figures.ts";
import { Wire } from "../support/wire.ts";
import { HttpFuzzer } from "./http-fuzzer.ts";
import { report, rounds, seed } from "./rounds.ts";

/** The minimum for each store; longer if too few requests were answered per second. */
const SECONDS = Number(process.env["OKQ_FUZZ_SECONDS"] ?? rounds);
const ANSWERS_PER_SECOND = 20;
const FUZZERS = 8;
const SWEEP_EVERY_MS = 500;
const GROWTH_BYTES_MAX = 300 * 1024 * 1024;
/** Tolerates the files that a store opens and closes. */
const FILES_MORE_MAX = 3;
const BOUNDS = ["--max-event-bytes", "1mb", "--max-waiting-bytes", "2mb"];
const PASSWORD = "secret";
const AUTHORIZATION = `Bearer ${PASSWORD}`;

setDefaultTimeout(90_000 + SECONDS * 3_000);

async function storeArgs(store: (typeof storeNames)[number]): Promise<string[]> {
  if (store === "memory") return ["--store", "memory"];
  if (store === "sqlite") return ["--store", newDatabase()];
  return ["--redis-addr", `127.0.0.1:${(await startTestRedis()).port}`];
}

async function start(store: (typeof storeNames)[number]) {
  const address = ["--listen-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0"];
  const args = [...(await storeArgs(store)), ...address, ...BOUNDS, "--password", PASSWORD];
  const okq = startProcess(args);
  const line = await okq.waitForLine(/listening .*port=(\d+).* httpPort=(\d+)/);
  return { ...okq, port: Number(line[1]), httpPort: Number(line[2]) };
}

/** Log lines that no input of clients may cause. */
function complaints(log: string): string[] {
  return log.split("\n").filter((line) => / error |internal error|request failed/.test(line));
}

/** Pushes, shows and deletes events of its own, and looks at each answer. */
async function bearWitness(port: number, isOver: () => boolean): Promise<number> {
  const base = `http://localhost:${port}/v1/queues/witness`;
  const headers = {
    Authorization: AUTHORIZATION,
    "Content-Type": "application/octet-stream",
    // Otherwise connections stay open.
    Connection: "close",
  };
  let count = 0;
  while (!isOver()) {
    const contents = Buffer.alloc(1 + ((count * 7919) % 5_000), count % 256);
    const pushed = await fetch(`${base}/events`, { method: "POST", headers, body: contents });
    // Others may have used up the memory for bodies.
    if (pushed.status === 503) continue;
    expect(pushed.status).toBe(201);
    const { id } = (await pushed.json()) as { id: string };
    const shown = await fetch(`${base}/events/${id}?raw`, { headers });
    expect(Buffer.from(await shown.arrayBuffer()).equals(contents)).toBeTrue();
    const removed = await fetch(`${base}/events/${id}`, { method: "DELETE", headers });
    expect((await removed.json()) as unknown).toEqual({ removed: 1 });
    count += 1;
  }
  return count;
}

/** Empties queues that no client empties, because their events use memory. */
async function sweep(observer: Wire, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const queues = ((await observer.call("QSTATUS")) as [Buffer][]).map(([name]) => name);
    const others = queues.filter((name) => name.toString() !== "witness");
    for (const queue of others) await observer.call("QFLUSH", queue);
    await lasting(SWEEP_EVERY_MS);
  }
}

describe.each(storeNames)("on %s, during random requests of other clients", (store) => {
  test(`requests are answered exactly (OKQ_FAULT_SEED=${seed})`, async () => {
    const okq = await start(store);
    const observer = closeAfterTest(await Wire.connect(okq.port));
    await observer.call("AUTH", PASSWORD);
    const [filesBefore, bytesBefore] = [openFiles(okq.pid), residentBytes(okq.pid)];
    const endsAt = performance.now() + SECONDS * 1000;
    let failed: unknown = null;
    const fuzzers = Array.from({ length: FUZZERS }, (_, at) => {
      return new HttpFuzzer(new Random(seed * FUZZERS + at), AUTHORIZATION);
    });
    const sum = (of: (fuzzer: HttpFuzzer) => number) =>
      fuzzers.reduce((all, fuzzer) => all + of(fuzzer), 0);
    const isEnough = () =>
      performance.now() > endsAt && sum(({ answers }) => answers) > SECONDS * ANSWERS_PER_SECOND;
    const isOver = () => failed !== null || isEnough();
    const fail = (error: unknown) => void (failed ??= error);
    const runs = fuzzers.map((each) => each.run(okq.httpPort, isOver).catch(fail));
    const [witnessed] = await Promise.all([
      bearWitness(okq.httpPort, isOver).catch(fail),
      sweep(observer, isOver).catch(fail),
      ...runs,
    ]);
    if (failed) throw failed;
    report(`${store}: HTTP fuzz for ${SECONDS} s`, {
      connections: sum(({ connections }) => connections),
      answers: sum(({ answers }) => answers),
      witnessed,
      grownMB: (residentBytes(okq.pid, "peak") - bytesBefore) / 2 ** 20,
    });
    expect(complaints(okq.stderr())).toEqual([]);
    expect(residentBytes(okq.pid, "peak") - bytesBefore).toBeLessThan(GROWTH_BYTES_MAX);
    await eventually(() => openFiles(okq.pid) <= filesBefore + FILES_MORE_MAX);
    const gauges = ["bodies", "unsent"];
    await eventually(async () => {
      const info = String(await observer.call("INFO", "clients"));
      return gauges.every((gauge) => info.includes(`bytes_${gauge}:0\r\n`));
    });
  });
});

describe("the fuzzer notices", () => {
  test.each([
    ["an answer that is none", "nonsense\r\n\r\n"],
    ["a failure of okq", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"],
    ["an answer without an end", "HTTP/1.1 200 OK\r\n"],
    ["a broken header", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
  ])("%s", async (_name, answer) => {
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket) {
          socket.end(answer);
        },
      },
    });
    closeAfterTest({ close: () => server.stop(true) });
    const run = new HttpFuzzer(new Random(seed), AUTHORIZATION).run(server.port, () => false);
    expect(String(await run.catch((error) => error))).toMatch(/no answer|a failure|" to "/);
  });
});
