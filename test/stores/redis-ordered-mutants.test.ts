// The comparison with the reference store notices when the script "ordered" breaks a rule.
// oxlint-disable no-await-in-loop -- the lives take place one after the other
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Script, scripts } from "../../src/stores/redis/script.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { compareLives } from "./life-comparison.ts";
import { FORGOTTEN_MS, openOnRedis } from "./open-redis.ts";
import { openReference } from "./open-reference.ts";

/** What the script has, and what takes its place. Constants are numbers there. */
const mutants: Record<string, [from: string, to: string]> = {
  "events with a priority below 0 come before those with none": [
    "if above and member >= '1000' then",
    "if false then",
  ],
  "events with a priority below 0 never come": [
    "if queue.has_ranked and #ids < most then",
    "if false then",
  ],
  "the right end is the left one for priorities": [
    "ranked_prefix(tonumber(order), is_left and",
    "ranked_prefix(tonumber(order), true and",
  ],
  "the left end is the right one for priorities": [
    "ranked_prefix(tonumber(order), is_left and",
    "ranked_prefix(tonumber(order), false and",
  ],
  "an event of a group forgets its priority": ["'>dc0', rank, order", "'>dc0', rank, key"],
  "all events of a group have one rank": ["rank = rank < tick and tick or rank\n", "rank = 1\n"],
  "whoever had a turn keeps it": ["turn_behind(queue, tick), true", "record[(6)], true"],
  "one turn more is taken": ["queue.turns_taken - 1)", "queue.turns_taken)"],
  "the end of a claim does not free its group": ["record[(3)] = record[(3)] - 1\n", "\n"],
  "a claim does not occupy its group": ["record[(2)] - 1, 1\n", "record[(2)] - 1, 0\n"],
  "places stay when their events are gone": [
    "redis.call('HDEL', queue.places, unpack(ids))",
    "local _ = ids",
  ],
  "events without a group have no turn": [
    "local function note_ungrouped(queue)",
    "$& do return end",
  ],
  "a group that is emptied stays": ["in_slices('HDEL', queue.groups, gone)", "local _ = gone"],
  "a group that begins anew has the turn that it had": [
    "tick, tick, turn_behind(queue, tick)",
    "tick, tick, record[(6)]",
  ],
  "the next duplicate is refused": ["(at - from + 1) / 3", "(at - from + 1) / 3 + 1"],
  "a name has no group": ["key ~= ''", "#key > 1"],
};

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.close());

function scriptOf(text: string): Script {
  return { text, sha: new Bun.CryptoHasher("sha1").update(text).digest("hex") };
}

/** The second and the third one show what is rare. */
const seeds = [1, 6, 7, 3, 4, 2, 5, 8];
const ROUNDS = 60;

async function firstDifference(): Promise<string | void> {
  for (const seed of seeds) {
    const reference = await openReference();
    const store = await openOnRedis(server, 1, () => {}, FORGOTTEN_MS);
    const life = { seed, rounds: ROUNDS, only: "order" as const };
    const found = await compareLives(reference, store, life).catch(String);
    await Promise.all([reference.close(), store.close()]);
    if (found) return found;
  }
}

/** Some need several lives. */
const TIMEOUT_MS = 180_000;

test.each(Object.entries(mutants))(
  "notices when %s",
  async (_, [from, to]) => {
    const { ordered } = scripts;
    expect(ordered.text).toContain(from);
    scripts.ordered = scriptOf(ordered.text.replaceAll(from, to));
    try {
      expect(await firstDifference()).toMatch(/Error: the stores differ: seed \d+, round/);
    } finally {
      scripts.ordered = ordered;
    }
  },
  TIMEOUT_MS,
);
