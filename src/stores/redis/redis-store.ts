// The store on Redis: sessions spread over a few lanes, and messages between okq processes about
// what became ready. All that lasts is in Redis; any number of okq processes may share it.
import type { Redis } from "ioredis";
import {
  type Operation,
  type ReadyListener,
  type Receiver,
  type ResultOf,
  Session,
  type Store,
} from "../../queue/store.ts";
import type { Position } from "./batch.ts";
import { connectRedis, type RedisAddress } from "./connect.ts";
import { fixedKeys, readyChannel } from "./keys.ts";
import { type Header, Lane } from "./lane.ts";
import type { ScriptReply } from "./verbs.ts";

export interface RedisStoreOptions {
  address: RedisAddress;
  /** Connections over which sessions are spread. */
  poolSize: number;
  onReady: ReadyListener;
  /** Told "ready", or why a connection to Redis went away. */
  onState: (state: string) => void;
  /** Milliseconds since 1970 instead of the Redis server's own time, for tests. */
  now?: () => number;
}

class LaneSession extends Session {
  readonly #lane: Lane;
  readonly #position: Position = { batch: null, call: 0 };

  constructor(lane: Lane) {
    super();
    this.#lane = lane;
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void {
    this.#lane.submit(operation, receiver, this.#position);
  }
}

export class RedisStore implements Store {
  readonly #options: RedisStoreOptions;
  readonly #version: string;
  readonly #connections: Redis[];
  readonly #lanes: Lane[];
  readonly #processId: string;
  #subscriber: Promise<Redis> | null = null;
  #sessions = 0;

  private constructor(options: RedisStoreOptions, connections: Redis[], version: string) {
    this.#options = options;
    this.#version = version;
    this.#connections = connections;
    this.#processId = crypto.randomUUID();
    const channel = readyChannel(options.address.db);
    const header: Header = {
      keys: fixedKeys(this.#processId),
      args: () => [options.now ? String(options.now()) : "", channel, this.#processId],
    };
    const announce = (became: ScriptReply[]) => {
      for (let at = 0; at < became.length; at += 2) {
        options.onReady(became[at] as Buffer, became[at + 1] as number);
      }
    };
    this.#lanes = connections.map((redis) => new Lane(redis, header, announce));
  }

  /** Rejects with one line that says why Redis cannot be used. */
  static async open(options: RedisStoreOptions): Promise<RedisStore> {
    const connect = () => connectRedis(options.address, options.onState);
    const first = await connect();
    const others = await Promise.all(Array.from({ length: options.poolSize - 1 }, connect));
    const connections = [first, ...others].map(({ redis }) => redis);
    return new RedisStore(options, connections, first.version);
  }

  session(): Session {
    const lane = this.#lanes[this.#sessions++ % this.#lanes.length]!;
    return new LaneSession(lane);
  }

  /** Subscribes on first need: a process without waiting consumers gets no messages. */
  async watch(): Promise<void> {
    this.#subscriber ??= this.#subscribe();
    try {
      await this.#subscriber;
    } catch (error) {
      this.#subscriber = null;
      throw error;
    }
  }

  async #subscribe(): Promise<Redis> {
    const { redis } = await connectRedis(this.#options.address, this.#options.onState);
    redis.on("messageBuffer", (_channel: Buffer, message: Buffer) => this.#heard(message));
    await redis.subscribe(readyChannel(this.#options.address.db));
    return redis;
  }

  /** A message is: origin, count, queue's name, with a space between. */
  #heard(message: Buffer): void {
    const afterOrigin = message.indexOf(" ");
    const afterCount = message.indexOf(" ", afterOrigin + 1);
    if (message.toString("latin1", 0, afterOrigin) === this.#processId) return;
    const count = Number(message.toString("latin1", afterOrigin + 1, afterCount));
    if (count > 0) this.#options.onReady(message.subarray(afterCount + 1), count);
  }

  describe(): [string, string | number][] {
    const { address } = this.#options;
    const ready = this.#connections.filter((redis) => redis.status === "ready").length;
    return [
      ["store", "redis"],
      ["store_address", address.path ?? `${address.host}:${address.port}`],
      ["store_db", address.db],
      ["store_version", this.#version],
      ["store_connections", this.#connections.length],
      ["store_connections_ready", ready],
    ];
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.drained()));
    const subscriber = await this.#subscriber?.catch(() => null);
    for (const redis of [...this.#connections, subscriber]) redis?.disconnect();
  }
}
