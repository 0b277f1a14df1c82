// A mutant is a real Redis whose commands or replies are changed on their way. The scripts must
// notice it.
// oxlint-disable no-await-in-loop -- the scripts run one after the other
import { afterAll, beforeAll } from "bun:test";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { differenceIn } from "./comparison.ts";
import { converse, type Manner, type Target, type Transcript } from "./conversation.ts";
import { differences } from "./differences.ts";
import { Names } from "./names.ts";
import type { Script } from "./script.ts";

export type Mutant = Omit<Target, "port"> & {
  /** The commands that it changes, or whose replies it changes. */
  concerns: RegExp;
  protocol?: 2 | 3;
};

/** The reply of commands with that name is changed. */
export function replying(
  concerns: RegExp,
  patch: (reply: string) => string,
  protocol: 2 | 3 = 2,
): Mutant {
  return {
    concerns,
    protocol,
    patch: (reply, command) => (concerns.test(command) ? patch(reply) : reply),
  };
}

/** Another command is sent in the place of commands with that name. */
export function doing(name: string, change: (words: string[]) => string[]): Mutant {
  return {
    concerns: new RegExp(`^${name}( |$)`, "i"),
    rewrite(command) {
      const words = command.map((word) => word.toString("latin1"));
      const own = words[0]!.toUpperCase() === name ? change(words) : words;
      return own.map((word) => Buffer.from(word, "latin1"));
    },
  };
}

export const named = (name: string, as: string) => doing(name, ([, ...rest]) => [as, ...rest]);

/** With another word at this place, if there is one. */
export function at(index: number, change: (word: string) => string) {
  return (words: string[]) => words.map((word, place) => (place === index ? change(word) : word));
}

/** Finds the first difference between Redis and a mutant of it, in the scripts that concern it. */
export function useWitness(scripts: Script[]) {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.close());
  const known = new Map<string, Transcript>();

  async function transcriptOf(script: Script, manner: Manner): Promise<Transcript> {
    const name = `${script.name} in RESP${manner.protocol}`;
    const found = known.get(name) ?? (await converse(redis, script, manner));
    known.set(name, found);
    return found;
  }

  return async ({ protocol = 2, concerns, ...mutant }: Mutant): Promise<string | null> => {
    const { isNamed } = new Names(differences);
    const manner: Manner = { protocol, isPipelined: false };
    for (const script of scripts.filter((each) => isConcerned(each, concerns))) {
      const its = await transcriptOf(script, manner);
      const own = await converse({ port: redis.port, ...mutant }, script, manner, its);
      const found = differenceIn(script, its, own, isNamed);
      if (found !== null) return found;
    }
    return null;
  };
}

function isConcerned({ steps }: Script, concerns: RegExp): boolean {
  return steps.some(({ commands, messages }) => {
    // A message belongs to no command.
    if (messages > 0) return concerns.test("");
    return commands.some((words) => concerns.test(words.map(textOf).join(" ")));
  });
}

const textOf = (word: Buffer) => word.toString("latin1");
