// Upgrades whose commands to Redis a test lets through one by one.
import { type Command, Redis } from "ioredis";
import { EncodedCall } from "../../../src/stores/redis/encoded-call.ts";
import type { Route } from "../../../src/stores/redis/route.ts";
import { Upgrade } from "../../../src/stores/redis/upgrade.ts";

/** Called before a command is sent; to reject is to kill the process there. */
export type Gate = () => Promise<void>;

/** Upgrades a single Redis, or shards that are all on it, under these tags. */
export async function upgradeThrough(
  gate: Gate,
  port: number,
  nowMs: number,
  tags: string[] = ["{okq}"],
  shardOf: (queue: Buffer) => number = () => 0,
): Promise<number> {
  const redis = new Redis({ port, host: "127.0.0.1" });
  redis.on("error", () => {});
  await redis.ping();
  hold(redis, gate);
  const route: Route = {
    redis: () => redis,
    reason: () => "",
    turnedAway: async () => true,
    suspect() {},
    cut() {},
  };
  let copied = 0;
  try {
    const upgrade = new Upgrade({
      shards: tags.map((tag) => ({ tag, route })),
      shardOf,
      answerMsMax: 60_000,
      waitReplicas: 0,
      waitTimeoutMs: 1000,
      nowMs: () => nowMs,
      onProgress: (events) => (copied = events),
      onFailure() {},
    });
    await upgrade.start();
  } finally {
    redis.disconnect();
  }
  return copied;
}

/** Each command passes the gate, in order. */
function hold(redis: Redis, gate: Gate): void {
  const send = redis.sendCommand.bind(redis);
  let last: Promise<unknown> = Promise.resolve();
  let isKilled = false;
  redis.sendCommand = (command: Command) => {
    // Its bytes were sent with those of the command before it.
    const isSent = command instanceof EncodedCall && command.toWritable().length === 0;
    const passing = last.then(() => (isSent || isKilled ? undefined : gate()));
    last = passing
      .catch(() => (isKilled = true))
      .then(() => {
        if (!isKilled) void send(command);
        else command.reject(Object.assign(new Error("killed"), { name: "ReplyError" }));
      });
    return command.promise;
  };
}
