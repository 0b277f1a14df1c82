// The time from a push to the answer that a waiting consumer gets, on the same okq process and on
// another okq process with the same Redis.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import { Client } from "./client.ts";
import { startOkqInMemory, startOkqOnRedis, startStreams } from "./contenders.ts";
import { Latencies, type Quantiles } from "./latencies.ts";
import { isSelected, type Plan, type Section, type Verdict } from "./plan.ts";
import { milliseconds, table } from "./table.ts";

const QUEUE = "wake";

interface Setup {
  name: string;
  label: string;
  /** The ports of the producer and of the consumer. */
  start: (plan: Plan) => Promise<[number, number]>;
  open?: string[];
  wait: string[];
  push: (id: string) => string[];
  remove?: string[];
  /** The median must be less, in ms. */
  p50MsMax?: number;
}

const okqCommands = {
  open: ["QREGISTER", QUEUE],
  wait: ["QNOTIFY", "10"],
  push: (id: string) => ["QLPUSH", QUEUE, id, "contents"],
  remove: ["QRPOP", QUEUE, "NOACK"],
};

const popCommands = {
  wait: ["QPOP", "WAIT", "10", "NOACK", "FROM", QUEUE],
  push: (id: string) => ["QPUSH", QUEUE, "contents", "ID", id],
};

async function twoOkq({ servers, okq }: Plan): Promise<[number, number]> {
  const redis = await servers.redis();
  const producer = await startOkqOnRedis(servers, okq, redis);
  const consumer = await startOkqOnRedis(servers, okq, redis);
  return [producer.port, consumer.port];
}

const setups: Setup[] = [
  {
    ...okqCommands,
    name: "okq-memory",
    label: "okq in memory, same okq",
    start: async ({ servers, okq }) => {
      const { port } = await startOkqInMemory(servers, okq);
      return [port, port];
    },
  },
  {
    ...okqCommands,
    name: "okq-redis",
    label: "okq on Redis, same okq",
    start: async ({ servers, okq }) => {
      const { port } = await startOkqOnRedis(servers, okq);
      return [port, port];
    },
  },
  {
    ...okqCommands,
    name: "okq-redis-two",
    label: "okq on Redis, another okq",
    start: twoOkq,
  },
  {
    ...popCommands,
    name: "okq-memory-pop",
    label: "okq in memory, QPOP WAIT, same okq",
    start: async ({ servers, okq }) => {
      const { port } = await startOkqInMemory(servers, okq);
      return [port, port];
    },
  },
  {
    ...popCommands,
    name: "okq-redis-two-pop",
    label: "okq on Redis, QPOP WAIT, another okq",
    start: twoOkq,
    p50MsMax: 0.8,
  },
  {
    name: "streams",
    label: "Redis Streams, XREADGROUP BLOCK",
    start: async ({ servers }) => {
      const { port } = await startStreams(servers);
      return [port, port];
    },
    open: ["XGROUP", "CREATE", QUEUE, "g", "$", "MKSTREAM"],
    wait: ["XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "BLOCK", "10000", "STREAMS", QUEUE, ">"],
    push: (id) => ["XADD", QUEUE, "*", "id", id, "contents", "contents"],
    remove: ["XTRIM", QUEUE, "MAXLEN", "0"],
  },
];

/** Until the code of the servers is compiled: the first hundreds of rounds take twice as long. */
const WARM_UP_ROUNDS = 1500;
const WARM_UP_PAUSE_MS = 1;

/** A random pause before each push lets the consumer's wait arrive first. */
async function measure(plan: Plan, setup: Setup, rounds: number): Promise<Quantiles> {
  const [producerPort, consumerPort] = await setup.start(plan);
  const producer = await Client.connect(producerPort);
  const consumer = await Client.connect(consumerPort);
  if (setup.open !== undefined) await consumer.call(...setup.open);
  const latencies = new Latencies();
  const warmUp = plan.isQuick ? rounds / 10 : WARM_UP_ROUNDS;
  for (let round = -warmUp; round < rounds; round++) {
    const answer = consumer.call(...setup.wait);
    await Bun.sleep(round < 0 ? WARM_UP_PAUSE_MS : 2 + Math.random() * 3);
    const start = performance.now();
    const pushed = producer.call(...setup.push(`wake-${round}`));
    if (!(await answer).includes(QUEUE)) throw new Error(`${setup.name}: no client was woken`);
    if (round >= 0) latencies.add(performance.now() - start);
    await pushed;
    if (setup.remove) await consumer.call(...setup.remove);
  }
  producer.close();
  consumer.close();
  await plan.servers.stop();
  return latencies.quantiles();
}

export const wake: Section = {
  name: "wake",
  run: async (plan, print) => {
    const rows: string[][] = [];
    const verdicts: Verdict[] = [];
    for (const setup of setups) {
      if (!isSelected(plan, "wake", setup.name)) continue;
      const { p50Ms, p99Ms, maxMs, count } = await measure(plan, setup, plan.isQuick ? 100 : 500);
      plan.say(`wake ${setup.label}: p50 ${milliseconds(p50Ms)} ms`);
      if (setup.p50MsMax !== undefined) {
        verdicts.push({
          text: `${setup.label}, p50 in ms`,
          measured: p50Ms,
          target: `less than ${setup.p50MsMax}`,
          isReached: p50Ms < setup.p50MsMax,
        });
      }
      rows.push([setup.label, ...[p50Ms, p99Ms, maxMs].map(milliseconds), `${count}`]);
    }
    const head = ["push to the waiting consumer's answer", "p50 ms", "p99 ms", "max ms", "rounds"];
    if (rows.length > 0) print(`\n## Waking a consumer\n\n${table(head, rows)}`);
    return verdicts;
  },
};
