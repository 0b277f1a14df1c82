// An okq of the first layout, as far as Redis sees it: it runs the script of that version. Tests of
// upgrades fill Redis with it, and let it go on beside a new okq.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { bytesOf } from "../contract/caller.ts";

const SCRIPT = readFileSync(join(import.meta.dir, "first-layout.lua"), "utf8");
const KINDS = ["ready", "claimed", "events", "front", "leases"];
const FIXED_REPLIES = 4;

export type Reply = string | number | null | Error | Reply[];

/** Ids and contents are latin1 text. An operation rejects where that okq would answer an error. */
export class FirstOkq {
  /** nowMs: instead of the server's time. */
  constructor(
    private readonly redis: Redis,
    private readonly tag = "{okq}",
    public nowMs: number | null = null,
  ) {}

  /** The places, from 1, of those whose id was there. */
  async push(queue: string, end: "LEFT" | "RIGHT", events: Record<string, string>) {
    const given = Object.entries(events).flat();
    return (await this.call(queue, "push", "0", end, "INLINE", ...given)) as number[];
  }

  /** The ids, and the number of the first claim. */
  async pop(queue: string, leaseMs: number, count = 1): Promise<{ ids: string[]; claim: number }> {
    const reply = await this.call(queue, "pop", "0", String(leaseMs), String(count));
    const [claim, , ...events] = reply as Reply[];
    return { ids: events.filter((_, at) => at % 2 === 0) as string[], claim: Number(claim) };
  }

  async unpop(queue: string, id: string, leaseMs: number, claim: number): Promise<boolean> {
    const args = ["0", String(leaseMs), String(claim), "", id, ""];
    return (await this.call(queue, "unpop", ...args)) === 1;
  }

  /** Whether it was claimed. */
  async ack(queue: string, id: string): Promise<boolean> {
    return ((await this.call(queue, "ack", "0", "DONE", id)) as Reply[]).length === 0;
  }

  async redo(queue: string, id: string): Promise<boolean> {
    return ((await this.call(queue, "ack", "0", "REDO", id)) as Reply[]).length === 0;
  }

  async reclaim(limit = 1000): Promise<number> {
    return (await this.call("", "reclaim", String(limit))) as number;
  }

  async register(queue: string, count: number): Promise<void> {
    await this.call(queue, "register", "20000", "KEEP", queue, String(count));
  }

  /** One call of a verb. */
  async call(queue: string, verb: string, ...args: string[]): Promise<Reply> {
    const fixed = ["queues", "deadlines", "processes", "absent", "process:first"];
    const keys = fixed.map((name) => `${this.tag}:${name}`);
    keys.push(...KINDS.map((kind) => `${this.tag}:${kind}:${queue}`));
    const now = this.nowMs === null ? "" : String(this.nowMs);
    const need = verb === "push" ? "GROWS" : "-";
    const head = [now, "0", need, "{okq}:ready:0", "{okq}:due:0", "first"];
    const all = [...keys, ...head, verb, String(2 + args.length), ...args].map(bytesOf);
    const replies = (await this.redis.callBuffer("EVAL", SCRIPT, keys.length, ...all)) as unknown[];
    const reply = textOf(replies[FIXED_REPLIES]);
    if (reply instanceof Error) throw reply;
    return reply;
  }
}

function textOf(reply: unknown): Reply {
  if (Array.isArray(reply)) return reply.map(textOf);
  return Buffer.isBuffer(reply) ? reply.toString("latin1") : (reply as Reply);
}
