// The options of a push as the verbs that push read them, and what they answer: see full/push.lua.
import { Duplicate, type PushOptions, type Unique } from "../../queue/event.ts";
import { given, timeOf } from "./verb-values.ts";
import type { ScriptReply } from "./verb.ts";

/** As full/unique.lua has it, one character for each byte. */
function keyOf({ key, until, forMs }: Unique): string {
  const kind = forMs !== null ? "f" : until === "end" ? "e" : "c";
  return kind + key.toString("latin1");
}

/** Of a group, and of nothing else. */
const IN_GROUP = Buffer.from("\n\n=");

/** As full/push.lua reads them. */
export function optionsOf(options: PushOptions | null): string | Buffer {
  if (options === null) return "";
  const { priority, group } = options;
  const text = factsOf(options);
  if (priority === null && group === null) return text;
  if (text === "" && group === null) return `\n${priority}\n`;
  if (text === "" && priority === null) return Buffer.concat([IN_GROUP, group!]);
  return Buffer.concat([Buffer.from(`${text}\n${priority ?? ""}\n`), given(group)]);
}

/** All but priority and group. */
function factsOf(options: PushOptions): string {
  const { start, ttlMs, attemptsMax, backoff, leaseMs, unique, part, onDuplicate } = options;
  const isPlain = start === null && ttlMs === null && attemptsMax === null && backoff === null;
  const isAlone = leaseMs === null && unique === null && part === null;
  if (isPlain && isAlone && onDuplicate === "refuse") return "";
  return JSON.stringify({
    start: start ? timeOf(start) : undefined,
    ttl: ttlMs ?? undefined,
    attempts: attemptsMax ?? undefined,
    backoff: backoff ?? undefined,
    lease: leaseMs ?? undefined,
    dup: onDuplicate === "refuse" ? undefined : onDuplicate,
    key: unique ? keyOf(unique) : undefined,
    key_ms: unique?.forMs ?? undefined,
    part: part ? [part.queue, part.key].map((bytes) => bytes.toString("latin1")) : undefined,
  });
}

export function pushResult(reply: ScriptReply, { id }: { id: Buffer | null }): Buffer | Duplicate {
  if (reply === 0) return new Duplicate(id!);
  if (Array.isArray(reply)) return new Duplicate(reply[0] as Buffer);
  return reply === 1 ? id! : (reply as Buffer);
}
