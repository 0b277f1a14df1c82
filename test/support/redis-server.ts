// Starts a real redis-server for a test, on a free port in its own folder: alone, or as part of a
// Sentinel group or a cluster.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import type { Certificates } from "./certificates.ts";
import { noteProcess } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import { fastFolder } from "./fast-folder.ts";
import { freePort } from "./free-port.ts";

export interface RedisServer {
  address: string;
  port: number;
  /** Path of its unix socket, if it has one. */
  unixSocket: string | null;
  /** The test's own connection, for checks and for faults. */
  redis: Redis;
  /** Ends the server at once, like a crash. */
  kill(): Promise<void>;
  /** Starts the server again on the same port with the same data. */
  start(): Promise<void>;
  /** Stops and continues the process (SIGSTOP, SIGCONT). */
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  close(): Promise<void>;
}

/** A machine that can run a server, such as a host of network-namespaces.ts. */
export interface Machine {
  address: string;
  /** The arguments to spawn for running a command there; the child is that command's process. */
  command(argv: string[]): string[];
}

export interface RedisOptions {
  /** Every write is on disk before its answer (appendonly, fsync always). */
  isDurable?: boolean;
  /** Further arguments of redis-server. They override the arguments set here. */
  args?: string[];
  /** The password of the default user, also for logging in to a master. */
  password?: string;
  /** Serves only TLS. Client certificates are checked if a client shows one. */
  tls?: Certificates;
  hasUnixSocket?: boolean;
  /** Lines of a config file that the server may rewrite. */
  config?: string[];
  /** The default is this machine. */
  machine?: Machine;
}

const HERE: Machine = { address: "127.0.0.1", command: (argv) => argv };

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const port = await freePort();
  const { address, command } = options.machine ?? HERE;
  const folder = mkdtempSync(join(fastFolder, "okq-redis-"));
  const unixSocket = options.hasUnixSocket ? join(folder, "redis.sock") : null;
  const configFile = options.config ? [join(folder, "redis.conf")] : [];
  for (const file of configFile) writeFileSync(file, `${options.config!.join("\n")}\n`);
  const place = ["--bind", address, "--protected-mode", "no", "--dir", folder];
  if (unixSocket !== null) place.push("--unixsocket", unixSocket);
  const argv = ["redis-server", ...configFile, ...place, ...argumentsOf(port, options)];
  const redis = connectionTo(address, port, options);
  let process = spawn();

  function spawn() {
    const child = Bun.spawn(command(argv), { stdout: "ignore", stderr: "ignore" });
    noteProcess(child, `redis-server on port ${port}`);
    return child;
  }

  async function answering(): Promise<void> {
    const answer = await eventually(() => Promise.race([redis.ping(), process.exited]), {
      message: `redis-server answers on port ${port}`,
    });
    if (answer !== "PONG") throw new Error(`redis-server on port ${port} ended with ${answer}`);
  }

  async function close(): Promise<void> {
    redis.disconnect();
    process.kill("SIGKILL");
    await process.exited;
    rmSync(folder, { recursive: true, force: true });
  }

  await answering().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    address,
    port,
    unixSocket,
    redis,
    async kill() {
      process.kill("SIGKILL");
      await process.exited;
    },
    async start() {
      process = spawn();
      await answering();
    },
    signal: (signal) => process.kill(signal),
    close,
  };
}

function argumentsOf(port: number, { isDurable, password, tls, args = [] }: RedisOptions) {
  // A new replica would wait five seconds for other replicas.
  const all = ["--save", "", "--repl-diskless-sync-delay", "0", "--appendonly"];
  if (isDurable) all.push("yes", "--appendfsync", "always");
  else all.push("no");
  if (password !== undefined) all.push("--requirepass", password);
  if (tls) {
    const { cert, key } = tls.server;
    all.push("--port", "0", "--tls-port", String(port), "--tls-replication", "yes");
    all.push("--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", tls.ca);
    all.push("--tls-auth-clients", "optional");
  } else all.push("--port", String(port));
  return [...all, ...args];
}

function connectionTo(host: string, port: number, { password, tls }: RedisOptions): Redis {
  const redis = new Redis({
    port,
    host,
    ...(password !== undefined && { password }),
    ...(tls && {
      tls: {
        ca: readFileSync(tls.ca),
        cert: readFileSync(tls.client.cert),
        key: readFileSync(tls.client.key),
      },
    }),
    lazyConnect: true,
    retryStrategy: () => 50,
  });
  redis.on("error", () => {});
  return redis;
}

const ANSWER_MS_MAX = 500;

/** The answer of a server; null if it is dead, frozen, cut off or refuses the command. */
export async function answerOf(server: RedisServer, ...command: string[]): Promise<unknown> {
  const { redis } = server;
  if (redis.status !== "ready") return null;
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(late.resolve, ANSWER_MS_MAX, null);
  const answer = redis.call(command[0]!, ...command.slice(1)).catch(() => null);
  return await Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
}

/** Starts several servers in parallel. If one cannot start, none is left running. */
export async function startAll(each: RedisOptions[]): Promise<RedisServer[]> {
  const started = await Promise.allSettled(each.map(startRedis));
  const servers = started.flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  const failed = started.find((result) => result.status === "rejected");
  if (failed === undefined) return servers;
  await closeAll(servers);
  throw failed.reason;
}

export async function closeAll(servers: RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.close()));
}
