// The contenders: how each is started and which dialect it speaks. To add one, add an entry, and a
// dialect if it speaks a new one.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DialectName } from "./dialects.ts";
import type { ServerProcess, Servers } from "./servers.ts";

export interface Running {
  port: number;
  dialect: DialectName;
  /** The process that clients talk to comes first. */
  processes: ServerProcess[];
}

export interface Contender {
  /** Short, for filters and targets. */
  name: string;
  label: string;
  isInstalled: () => boolean;
  start: (servers: Servers, okq: string[]) => Promise<Running>;
}

export const repository = join(import.meta.dir, "../..");

const always = () => true;
const isOnPath = (program: string) => () => Bun.which(program) !== null;

/** okq on the given Redis, or on a new one. */
export async function startOkqOnRedis(
  servers: Servers,
  okq: string[],
  given?: ServerProcess,
): Promise<Running> {
  const redis = given ?? (await servers.redis());
  const server = await servers.start("okq", (port) => [
    ...okq,
    `--listen-addr=127.0.0.1:${port}`,
    `--redis-addr=127.0.0.1:${redis.port}`,
  ]);
  return { port: server.port, dialect: "okq", processes: [server, redis] };
}

export async function startOkqInMemory(servers: Servers, okq: string[]): Promise<Running> {
  const server = await servers.start("okq", (port) => [
    ...okq,
    `--listen-addr=127.0.0.1:${port}`,
    "--store=memory",
  ]);
  return { port: server.port, dialect: "okq", processes: [server] };
}

/** okq with its default, durable store in a folder of the benchmark. */
export async function startOkqOnDisk(
  servers: Servers,
  okq: string[],
  file?: string,
): Promise<Running> {
  const server = await servers.start("okq", (port) => [
    ...okq,
    `--listen-addr=127.0.0.1:${port}`,
    `--store=sqlite:${file ?? join(servers.folder, `okq-${port}`, "okq.db")}`,
  ]);
  return { port: server.port, dialect: "okq", processes: [server] };
}

export async function startStreams(servers: Servers): Promise<Running> {
  const redis = await servers.redis();
  return { port: redis.port, dialect: "streams", processes: [redis] };
}

/** okq with other commands than the classic ones, on every store. */
function okqs(
  ability: "tokens" | "waiting" | "groups" | "priorities" | "lists" | "streams",
): Contender[] {
  const on = (store: string, label: string, start: Contender["start"]): Contender => ({
    name: `${ability}-${store}`,
    label: `${label}, ${ability}`,
    isInstalled: always,
    start: async (...args) => ({
      ...(await start(...args)),
      dialect: ability === "lists" ? "lists" : `okq-${ability}`,
    }),
  });
  return [
    on("redis", "okq on Redis", startOkqOnRedis),
    on("memory", "okq in memory", startOkqInMemory),
    on("disk", "okq, default store", (servers, okq) => startOkqOnDisk(servers, okq)),
  ];
}

export const contenders: Contender[] = [
  {
    name: "okq-redis",
    label: "okq on Redis",
    isInstalled: always,
    start: startOkqOnRedis,
  },
  {
    name: "okq-memory",
    label: "okq in memory",
    isInstalled: always,
    start: startOkqInMemory,
  },
  ...okqs("tokens"),
  ...okqs("waiting"),
  ...okqs("groups"),
  ...okqs("priorities"),
  ...okqs("lists"),
  ...okqs("streams"),
  {
    name: "redis-lists",
    label: "Redis lists",
    isInstalled: isOnPath("redis-server"),
    start: async (servers) => ({ ...(await startStreams(servers)), dialect: "lists" }),
  },
  {
    name: "streams",
    label: "Redis Streams",
    isInstalled: isOnPath("redis-server"),
    start: startStreams,
  },
  {
    name: "beanstalkd",
    label: "beanstalkd",
    isInstalled: isOnPath("beanstalkd"),
    start: async (servers) => {
      const command = ["beanstalkd", "-l", "127.0.0.1", "-p"];
      const server = await servers.start("beanstalkd", (port) => [...command, `${port}`]);
      return { port: server.port, dialect: "beanstalkd", processes: [server] };
    },
  },
  {
    name: "disk-okq",
    label: "okq, default store",
    isInstalled: always,
    start: (servers, okq) => startOkqOnDisk(servers, okq),
  },
  {
    name: "disk-streams",
    label: "Redis Streams, appendfsync always",
    isInstalled: isOnPath("redis-server"),
    start: async (servers) => {
      const redis = await servers.redis("--appendonly", "yes", "--appendfsync", "always");
      return { port: redis.port, dialect: "streams", processes: [redis] };
    },
  },
  {
    name: "disk-beanstalkd",
    label: "beanstalkd -f 0",
    isInstalled: isOnPath("beanstalkd"),
    start: async (servers) => {
      const server = await servers.start("beanstalkd", (port) => {
        const folder = join(servers.folder, `beanstalkd-${port}`);
        mkdirSync(folder);
        return ["beanstalkd", "-f", "0", "-b", folder, "-l", "127.0.0.1", "-p", `${port}`];
      });
      return { port: server.port, dialect: "beanstalkd", processes: [server] };
    },
  },
  {
    name: "disque",
    label: "Disque",
    isInstalled: isOnPath("disque-server"),
    start: async (servers) => {
      const command = ["disque-server", "--bind", "127.0.0.1", "--appendonly", "no", "--port"];
      const server = await servers.start("disque", (port) => [...command, `${port}`]);
      return { port: server.port, dialect: "disque", processes: [server] };
    },
  },
];

/** Ratios compare the others with this contender. */
export const REFERENCE = "streams";
