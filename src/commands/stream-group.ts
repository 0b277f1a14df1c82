// A group of a stream as commands name it: what its operations answer if it is not there, and who
// reads in it.
import { boundName } from "../queue/bindings.ts";
import { nameOf } from "../queue/name-cache.ts";
import type { ResultOf } from "../queue/operations.ts";
import { FIRST_ID } from "../queue/stream-ids.ts";
import { DEFAULT_GROUP, NO_GROUP, type StreamPending } from "../queue/streams.ts";
import type { Answer } from "./answer.ts";
import { checkCount, checkWorker } from "./arguments.ts";
import type { Caller } from "./caller.ts";
import type { QueueCall } from "./command.ts";
import { type CommandError, commandError } from "./errors.ts";
import { demandQueue } from "./permission.ts";
import { streamResultOf } from "./stream-arguments.ts";
import { Submission } from "./submission.ts";

/** Ids in one command. */
const IDS_MAX = 1000;

/** What the commands that end or change claims have in common. */
export const ofClaims = {
  group: "stream",
  access: "consume",
  since: "0.1.0",
  flags: ["write", "fast"],
} as const;

export interface GroupName {
  queue: Buffer;
  group: Buffer;
}

/** The queue and the group behind it, from that argument on. Throws as demandGroup(). */
export function groupNameIn({ args, client }: QueueCall, at: number): GroupName {
  const name = { queue: args[at]!, group: args[at + 1]! };
  demandGroup(name, client);
  return name;
}

/**
 * Throws unless the client may use a queue of that name too: only the first group of a stream has
 * no queue of its own, and only "default" is always the first.
 */
export function demandGroup({ queue, group }: GroupName, client: Caller): void {
  if (client.user!.mayAll || group.equals(DEFAULT_GROUP)) return;
  demandQueue(boundName(queue, group), client);
}

/** As streamResultOf(), and throws if the result says that the group is not there. */
export function groupResultOf<T>(result: T, command: string, { queue, group }: GroupName) {
  if (result === NO_GROUP) {
    if (command !== "XREADGROUP") throw commandError("noGroupOrKey", { key: queue, group });
    throw commandError("noGroupToRead", { key: queue, group });
  }
  const own = streamResultOf(result, command, queue);
  return own as Exclude<typeof own, typeof NO_GROUP>;
}

/** It asks nothing but whether the group is there. */
export function lookFor({ queue, group }: GroupName): StreamPending {
  const common = { kind: "streamPending", consumer: null, minIdleMs: 0, count: 1 } as const;
  return { ...common, queue, group, from: FIRST_ID, to: FIRST_ID };
}

/**
 * The answer to a call with an argument that is wrong. As in Redis, groups that are not there are
 * told first.
 */
export function refuse(error: unknown, command: string, groups: readonly GroupName[]): Submission {
  return Submission.all(groups.map(lookFor), (results): Answer => {
    for (const [at, result] of results.entries()) {
      groupResultOf(result as ResultOf<StreamPending>, command, groups[at]!);
    }
    throw error as CommandError;
  });
}

/** Who claims for that consumer. */
export function claimantOf(consumer: Buffer, { client }: QueueCall): Buffer {
  checkWorker(consumer);
  return client.claimants.of(nameOf(consumer));
}

export function checkIds(ids: Buffer[]): void {
  checkCount("ids", ids.length, IDS_MAX);
}
