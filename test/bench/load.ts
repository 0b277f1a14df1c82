// The load generator, which runs in its own process. It opens the connections, measures between two
// timers, completes all cycles and prints a LoadReport as JSON. To profile it, run it by hand:
// bun --cpu-prof-md test/bench/load.ts '{"dialect":"streams","port":6379}'
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import { Client } from "./client.ts";
import { dialects, ID_BYTES, type QueueCommands } from "./dialects.ts";
import { Latencies } from "./latencies.ts";
import { LoadConnection, type LoadRun } from "./load-connection.ts";
import { defaultSpec, type LoadReport, type LoadSpec } from "./load-spec.ts";

const STALLED_MS = 15_000;

const spec: LoadSpec = { ...defaultSpec, ...(JSON.parse(Bun.argv[2] ?? "{}") as LoadSpec) };
const dialect = dialects[spec.dialect];
const finished = Promise.withResolvers<void>();
const connections: LoadConnection[] = [];

const run: LoadRun = {
  spec,
  dialect,
  scanner: dialect.scanner(),
  latencies: [new Latencies(), new Latencies(), new Latencies()],
  done: [0, 0, 0],
  nilPops: 0,
  isCounting: false,
  isStopping: false,
  pushesLeft: spec.events,
  onFinished: () => {
    if (connections.every((connection) => connection.inFlight === 0)) finished.resolve();
  },
  onFailed: (problem) => finished.reject(new Error(problem)),
};

const operations = () => run.done[0] + run.done[1] + run.done[2];

/** Ids that are unique over all runs: the time, then a counter. Other numbers begin with 0. */
function numbered(commands: QueueCommands): QueueCommands {
  const { bytes, numberAt, digits } = commands.push;
  const prefix = digits === ID_BYTES ? Date.now().toString(36).slice(-7) : "";
  if (digits > 0) bytes.write(prefix.padEnd(digits, "0"), numberAt, "latin1");
  return commands;
}

async function prepareQueues(): Promise<QueueCommands[]> {
  const queues: QueueCommands[] = [];
  for (let n = 0; n < spec.queues; n++) {
    const name = spec.queues === 1 ? spec.queueName : `${spec.queueName}${n}`;
    await exchange(dialect.prepare(name, spec.contentsBytes));
    queues.push(numbered(dialect.commands(name, spec.contentsBytes)));
  }
  return queues;
}

/** Sends commands and waits for their replies. */
async function exchange(commands: Buffer[]): Promise<void> {
  if (commands.length === 0) return;
  const client = await Client.connect(spec.port);
  await Promise.allSettled(commands.map((command) => client.send(command)));
  client.close();
}

async function connect(queues: QueueCommands[]): Promise<void> {
  for (let n = 0; n < spec.connections; n++) {
    const connection = new LoadConnection(run, queues[n % queues.length]!);
    connection.socket = await Bun.connect<LoadConnection>({
      hostname: "127.0.0.1",
      port: spec.port,
      data: connection,
      socket: {
        data: (socket, chunk) => socket.data.receive(chunk),
        drain: (socket) => socket.data.drain(),
        close: () => run.onFailed("the server closed a connection"),
        error: (_socket, error) => run.onFailed(String(error)),
      },
    });
    connections.push(connection);
  }
}

/** Ends a run that gets no replies any more. */
function watchForStall(): Timer {
  let seen = -1;
  return setInterval(() => {
    const inFlight = connections.reduce((sum, connection) => sum + connection.inFlight, 0);
    if (operations() === seen) {
      run.onFailed(`no reply for ${STALLED_MS} ms: ${inFlight} in flight after ${seen} operations`);
    }
    seen = operations();
  }, STALLED_MS);
}

async function measure(): Promise<{ operationsPerSecond: number; cpuUs: number }> {
  if (spec.plan === "fill" || spec.plan === "drain") {
    run.isCounting = true;
    const start = performance.now();
    await finished.promise;
    const seconds = (performance.now() - start) / 1000;
    const cpu = process.cpuUsage();
    const total = operations();
    return { operationsPerSecond: total / seconds, cpuUs: (cpu.user + cpu.system) / total };
  }
  await Promise.race([Bun.sleep(spec.warmupMs), finished.promise]);
  const before = { at: performance.now(), operations: operations(), cpu: process.cpuUsage() };
  run.isCounting = true;
  await Promise.race([Bun.sleep(spec.measureMs), finished.promise]);
  const seconds = (performance.now() - before.at) / 1000;
  const cpu = process.cpuUsage(before.cpu);
  const done = operations() - before.operations;
  run.isStopping = true;
  run.onFinished();
  await finished.promise;
  return { operationsPerSecond: done / seconds, cpuUs: (cpu.user + cpu.system) / done };
}

async function main(): Promise<LoadReport> {
  await connect(await prepareQueues());
  const start = performance.now();
  const watch = watchForStall();
  for (const connection of connections) connection.start();
  for (const [n, connection] of connections.entries()) pace(connection, n);
  const { operationsPerSecond, cpuUs } = await measure();
  clearInterval(watch);
  return {
    operationsPerSecond,
    operationsTotal: operations(),
    pushes: run.done[0],
    pops: run.done[1],
    acks: run.done[2],
    nilPops: run.nilPops,
    all: Latencies.sum(run.latencies).quantiles(),
    push: run.latencies[0].quantiles(),
    pop: run.latencies[1].quantiles(),
    ack: run.latencies[2].quantiles(),
    loadCpuUsPerOperation: cpuUs,
    elapsedMs: performance.now() - start,
  };
}

/** Spreads the starts of the connections evenly over the interval between two cycles. */
function pace(connection: LoadConnection, n: number): void {
  if (spec.paceMs === 0) return;
  const begin = () => setInterval(() => connection.tick(), spec.paceMs);
  setTimeout(begin, (n * spec.paceMs) / spec.connections);
}

try {
  console.log(JSON.stringify(await main()));
  process.exit(0);
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
