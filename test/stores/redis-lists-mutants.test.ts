// The comparison with the reference store notices when a script on Redis breaks a rule of lists.
// oxlint-disable no-await-in-loop -- the lives take place one after the other
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Level, scripts } from "../../src/stores/redis/script.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { compareLives } from "./life-comparison.ts";
import { FORGOTTEN_MS, openOnRedis } from "./open-redis.ts";
import { openReference } from "./open-reference.ts";

/** What some scripts have, and what takes its place. Constants are numbers there. */
const mutants: Record<string, [from: string, to: string]> = {
  "every fast push goes to the left end": [
    "line_up(queue, ARGV[from + 1] == 'LEFT', ids)",
    "line_up(queue, true, ids)",
  ],
  "the length after a fast push leaves out what is in front": [
    "length = length + redis.call('ZCARD', queue.front)",
    "length = length",
  ],
  "a fast pop on the left takes the right-most of what is in front": ["'ZPOPMAX'", "'ZPOPMIN'"],
  "an undone pop at the left end comes back on the right": [
    "if ARGV[from + 3] ~= 'LEFT' then",
    "if true then",
  ],
  "an insertion in the middle moves the left side": [
    "local is_left = index < #ids - index",
    "local is_left = index <= #ids - index",
  ],
  "an insertion turns round what it moves": [
    "found, first, last, step = {}, index + 1, count, 1",
    "found, first, last, step = {}, count, index + 1, -1",
  ],
  "a removal begins on the right": ["if count < 0 then", "if true then"],
  "a trim takes one less from the right": [
    "behind - math.max(last + 1, begin))",
    "behind - math.max(last + 2, begin))",
  ],
  "a moved event was pushed when it was pushed first": ["value_of_now(popped[2])", "popped[2]"],
  "priorities are shown backwards": [
    "redis.call('ZREVRANGE', key, first, last)",
    "redis.call('ZRANGE', key, first, last)",
  ],
};

const levels = Object.keys(scripts) as Level[];

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.close());

/** The levels whose scripts it has changed. */
function change([from, to]: [from: string, to: string]): Level[] {
  return levels.filter((level) => {
    const { text } = scripts[level];
    if (!text.includes(from)) return false;
    const changed = text.replaceAll(from, to);
    const sha = new Bun.CryptoHasher("sha1").update(changed).digest("hex");
    scripts[level] = { text: changed, sha };
    return true;
  });
}

/** The second and the third one show what is rare. */
const seeds = [1, 11, 12, ...Array.from({ length: 24 }, (_, at) => at + 2)];
const ROUNDS = 60;

async function firstDifference(): Promise<string | void> {
  for (const seed of seeds) {
    const reference = await openReference();
    const store = await openOnRedis(server, 1, () => {}, FORGOTTEN_MS);
    const only = seed % 3 === 0 ? null : "lists";
    const life = { seed, rounds: ROUNDS, only } as const;
    const found = await compareLives(reference, store, life).catch(String);
    await Promise.all([reference.close(), store.close()]);
    if (found) return found;
  }
}

/** Some need several lives. */
const TIMEOUT_MS = 180_000;

test.each(Object.entries(mutants))(
  "notices when %s",
  async (_, mutant) => {
    const usual = { ...scripts };
    try {
      expect(change(mutant)).not.toEqual([]);
      expect(await firstDifference()).toMatch(/Error: the stores differ: seed \d+, round/);
    } finally {
      Object.assign(scripts, usual);
    }
  },
  TIMEOUT_MS,
);
