// Queues of an okq of the first layout in a Redis Cluster, with all that such queues could have,
// and what a new okq must find.
import { SHARDS, shards } from "../../../src/stores/redis/shards.ts";
import type { Cluster } from "../../support/redis-cluster.ts";
import { ask, askAll } from "../../support/readable.ts";
import type { Wire } from "../../support/wire.ts";
import { FirstOkq } from "./first-okq.ts";

const LARGE_BYTES = 40_000;
const HOUR_MS = 3_600_000;

/** A queue as it must be: the ids that are claimed, and the ready ones in order. */
export interface FirstQueue {
  name: string;
  claimed: string[];
  ready: string[];
  bytes: number;
}

/** The shard of a queue by the rule of the first layout. */
export function firstShardOf(queue: string): number {
  return Bun.hash.crc32(queue) % SHARDS;
}

/** An okq of the first layout for the shard of that queue. */
export async function firstOkqFor(cluster: Cluster, queue: string): Promise<FirstOkq> {
  const { tag, slot } = shards[firstShardOf(queue)]!;
  const { redis } = await cluster.ownerOf(slot);
  return new FirstOkq(redis, tag);
}

/** Names of queues; three of four are in another shard by the new rule. */
export function namesOfQueues(count: number): string[] {
  const kinds = ["plain-N", "orders{N}", "mail-N@copy", "{N}@part"];
  return Array.from({ length: count }, (_, n) => kinds[n % kinds.length]!.replace("N", `${n}`));
}

/** Fills queues over all shards: events on both ends, claims, consumers, some large contents. */
export async function fillFirstQueues(
  cluster: Cluster,
  names: string[],
  events: number,
): Promise<FirstQueue[]> {
  const queues = names.map((name, at) => queueOf(name, events, at % 16 === 0 ? LARGE_BYTES : 0));
  for (const { name, claimed, ready, bytes } of queues) {
    const first = await firstOkqFor(cluster, name);
    const push = async (end: "LEFT" | "RIGHT", ids: string[]) => {
      const pairs = ids.map((id) => [id, contentsOf(name, id, bytes)]);
      await first.push(name, end, Object.fromEntries(pairs));
    };
    const [right, left] = [ready.filter(isRight), ready.filter((id) => !isRight(id))];
    await push("LEFT", claimed);
    await first.pop(name, HOUR_MS, claimed.length);
    await push("LEFT", left);
    await push("RIGHT", right.toReversed());
    await first.register(name, 1);
  }
  return queues;
}

const isRight = (id: string) => id.startsWith("right");

function queueOf(name: string, events: number, bytes: number): FirstQueue {
  const ids = (kind: string, part: number) =>
    Array.from({ length: Math.max(1, Math.floor(events * part)) }, (_, n) => `${kind} ${n}`);
  return {
    name,
    claimed: ids("claimed", 0.1),
    ready: [...ids("right", 0.2), ...ids("left", 0.7)],
    bytes,
  };
}

function contentsOf(queue: string, id: string, bytes: number): string {
  return `${id} of ${queue}`.padEnd(bytes, ".");
}

/** Checks that all of it is there once, in order and with its claims, and takes it. */
export async function takeFirstQueues(client: Wire, queues: FirstQueue[]): Promise<void> {
  for (const { name, claimed, ready, bytes } of queues) {
    const pops = ready.map(() => ["QRPOP", name, "NOACK"]);
    const popped = await askAll(client, ...pops);
    const wanted = ready.map((id) => [id, contentsOf(name, id, bytes)]);
    if (!Bun.deepEquals(popped, wanted)) {
      const at = wanted.findIndex((event, place) => !Bun.deepEquals(event, popped[place]));
      const ids = popped.map((event) => (Array.isArray(event) ? event[0] : event));
      throw new Error(`${name} differs at ${at} of ${ready.length}: ${Bun.inspect(ids)}`);
    }
    const left = await ask(client, "QRPOP", name, "NOACK");
    if (left !== null) throw new Error(`${name} has one more event: ${Bun.inspect(left)}`);
    const acks = await askAll(client, ...claimed.map((id) => ["QACK", name, id]));
    if (acks.some((ack) => ack !== 1)) throw new Error(`${name}: claims are gone`);
    const [status] = (await ask(client, "QSTATUS", name)) as [unknown[]];
    if (status[1] !== 0) throw new Error(`${name} has more than expected: ${Bun.inspect(status)}`);
  }
}
