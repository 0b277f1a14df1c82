// A Redis, and stores that reach it through a proxy or directly. Tests do something between two
// requests of okq.
import { expect } from "bun:test";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import type { Caller } from "./contract/caller.ts";
import { openRedisCaller } from "./redis-targets.ts";

/** Contents that travel beside the script. */
export const large = (name: string) => name.repeat(40_000);

type Way = "proxied" | "direct";
type User = { username?: string; password?: string };

export class ProxiedRedis {
  readonly #callers: Caller[] = [];

  private constructor(
    readonly server: RedisServer,
    readonly proxy: TcpProxy,
  ) {}

  static async start(): Promise<ProxiedRedis> {
    const server = await startRedis();
    return new ProxiedRedis(server, TcpProxy.start(server.port));
  }

  /** A new store through the proxy or directly. */
  async connect(way: Way, user: User = {}): Promise<Caller> {
    const { port } = way === "proxied" ? this.proxy : this.server;
    const caller = await openRedisCaller({ nodes: [{ host: "127.0.0.1", port }], ...user });
    this.#callers.push(caller);
    return caller;
  }

  /** The same, and it knows already that it may use transactions. */
  async open(way: Way, user: User = {}): Promise<Caller> {
    const caller = await this.connect(way, user);
    // With the first large push it asks Redis.
    await caller.push("used", "1", "left", large("1"));
    expect(await caller.popEvent("used", 0)).toEqual(["1", large("1")]);
    return caller;
  }

  async close(): Promise<void> {
    await Promise.all(this.#callers.map(({ under }) => under.close()));
    this.proxy.close();
    await this.server.close();
  }

  /** How often Redis has executed that command. */
  async callsOf(command: string): Promise<number> {
    const stats = await this.server.redis.info("commandstats");
    return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, "m").exec(stats)?.[1] ?? 0);
  }

  /** Calls `then` once, when a request has that text. */
  onceSent(text: string, then: () => void): void {
    this.proxy.onRequest = (bytes) => {
      if (!bytes.includes(text)) return;
      this.proxy.onRequest = null;
      then();
    };
  }
}
