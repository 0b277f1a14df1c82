// Random scripts of a few keys, with clients that wait, and the search for a short script that
// shows the same difference.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { Random } from "../stores/random.ts";
import { type Script, stepOf } from "./script.ts";

const VALUES = ["a", "b", "c", "a", "b", '""', String.raw`"\x00\xff\r\n"`, "<300>"];
const INTEGERS = [0, 0, 1, 1, 2, 3, -1, -1, -2, -3, 5, -5, 100, -100];
const WRONG = ["x", "1x", "1.5", "9223372036854775808", "-1"];
const MEMBERS = ["a", "b", "c", '""'];

/** The words of a random command behind its name. */
type Words = (random: Random) => (string | number)[];

const key = (random: Random) => random.of(["$q", "$q", "$p", "$s"]);
const anyKey = (random: Random) => random.of(["apart", "$t", "$q", "$p", "$s"]);
const value = (random: Random) => random.of(VALUES);
const end = (random: Random) => random.of(["LEFT", "RIGHT"]);
const integer = (random: Random) =>
  random.below(25) === 0 ? random.of(WRONG) : random.of(INTEGERS);
const count = (random: Random) =>
  random.below(15) === 0 ? random.of([0, ...WRONG]) : 1 + random.below(4);
const some = <T>(random: Random, max: number, of: (random: Random) => T): T[] =>
  Array.from({ length: 1 + random.below(max) }, () => of(random));
const maybe = (random: Random, ...words: (string | number)[]) =>
  random.below(3) === 0 ? words : [];

function severalKeys(random: Random): (string | number)[] {
  const keys = some(random, 3, key);
  return [keys.length, ...keys, end(random), ...maybe(random, "COUNT", count(random))];
}

const push: Words = (random) => [key(random), ...some(random, 5, value)];
const pop: Words = (random) => [key(random), ...maybe(random, count(random))];
const move: Words = (random) => [key(random), key(random), end(random), end(random)];
const ofKey: Words = (random) => [key(random)];
const ofKeys: Words = (random) => some(random, 3, anyKey);
const ofMembers: Words = (random) => [
  random.of(["$s", "$s", "$s", "$q"]),
  ...some(random, 3, () => random.of(MEMBERS)),
];

const COMMANDS: Record<string, [weight: number, words: Words]> = {
  LPUSH: [14, push],
  RPUSH: [14, push],
  LPUSHX: [3, push],
  RPUSHX: [3, push],
  LPOP: [5, pop],
  RPOP: [5, pop],
  LLEN: [3, ofKey],
  LRANGE: [6, (random) => [key(random), integer(random), integer(random)]],
  LINDEX: [3, (random) => [key(random), integer(random)]],
  LTRIM: [3, (random) => [key(random), integer(random), integer(random)]],
  LREM: [5, (random) => [key(random), integer(random), value(random)]],
  LSET: [5, (random) => [key(random), integer(random), value(random)]],
  LPOS: [
    4,
    (random) => [
      key(random),
      value(random),
      ...maybe(random, "RANK", integer(random)),
      ...maybe(random, "COUNT", integer(random)),
      ...maybe(random, "MAXLEN", integer(random)),
    ],
  ],
  LINSERT: [
    5,
    (random) => [key(random), random.of(["BEFORE", "AFTER"]), value(random), value(random)],
  ],
  LMOVE: [5, move],
  RPOPLPUSH: [3, (random) => [key(random), key(random)]],
  LMPOP: [4, severalKeys],
  DEL: [1, ofKeys],
  UNLINK: [1, ofKeys],
  EXISTS: [3, ofKeys],
  TYPE: [3, (random) => [anyKey(random)]],
  DBSIZE: [1, () => []],
  KEYS: [1, () => ["*"]],
  SADD: [3, ofMembers],
  SREM: [3, ofMembers],
  SISMEMBER: [1, (random) => [key(random), random.of(MEMBERS)]],
  SMEMBERS: [1, ofKey],
  SCARD: [1, ofKey],
};

const keysAndTimeout = (random: Random, keys: (string | number)[]) =>
  random.below(4) === 0 ? ["$t", 0] : [...keys, 0];

/**
 * A client that waits for several queues may be served otherwise, if two of them get events in one
 * step: what is moved enters a queue that clients wait for alone.
 */
const WAITING: typeof COMMANDS = {
  BLPOP: [3, (random) => keysAndTimeout(random, some(random, 3, key))],
  BRPOP: [3, (random) => keysAndTimeout(random, some(random, 3, key))],
  BLMOVE: [2, (random) => [key(random), "$t", end(random), end(random), 0]],
  BRPOPLPUSH: [1, (random) => [key(random), "$t", 0]],
  BLMPOP: [2, (random) => [0, ...severalKeys(random)]],
};

/**
 * Not in a transaction: commands that okq refuses there, members whose order is free, queues in
 * another shard, and wrong arguments, which okq notices earlier.
 */
const APART_ONLY = new RegExp(
  [
    "^(DBSIZE|KEYS|SMEMBERS)|apart",
    String.raw` (x|1x|1\.5|9223372036854775808)( |$)`,
    String.raw`POP \S+ -|(COUNT|MAXLEN) [-0]|RANK 0`,
  ].join("|"),
);

function command(random: Random, from: typeof COMMANDS): string {
  const weights = Object.fromEntries(
    Object.entries(from).map(([name, [weight]]) => [name, weight]),
  );
  const name = random.weighted(weights);
  return [name, ...from[name]![1](random)].join(" ");
}

/**
 * Redis serves clients that wait between two commands of a write, okq behind them, so a script has
 * either clients that wait, or several commands in a write.
 */
function line(random: Random, hasWaiting: boolean): string {
  const kind = random.weighted({ one: 12, several: 5 });
  if (kind === "one") return command(random, COMMANDS);
  if (hasWaiting) return `${random.of(["b", "c", "d"])}? ${command(random, WAITING)}`;
  if (random.below(2) === 0) return some(random, 5, () => command(random, COMMANDS)).join(" | ");
  const inside = some(random, 6, () =>
    command(random, random.below(6) === 0 ? WAITING : COMMANDS),
  ).filter((text) => !APART_ONLY.test(text));
  return ["MULTI", ...inside, "EXEC"].join(" | ");
}

/** Each step is a whole: without some of its steps a script is still one. */
export function randomScript(seed: number, length: number): Script {
  const random = new Random(seed);
  const hasWaiting = seed % 2 === 0;
  const lines = Array.from({ length }, () => line(random, hasWaiting));
  return { name: `random, seed ${seed}`, steps: lines.map(stepOf) };
}

const SHORTENING_MS_MAX = 20_000;

/** A script with fewer of the steps, in which `find` still finds something, and what it finds. */
export async function shortened(
  script: Script,
  find: (script: Script) => Promise<string | null>,
): Promise<string | null> {
  let steps = script.steps;
  let found: string | null = null;
  const endsAt = performance.now() + SHORTENING_MS_MAX;
  const hasTime = () => performance.now() < endsAt;
  for (let size = steps.length >> 1; size > 0 && hasTime();) {
    let isShorter = false;
    for (let at = steps.length - size; at > -size && hasTime(); at -= size) {
      const fewer = [...steps.slice(0, Math.max(0, at)), ...steps.slice(at + size)];
      const text = await find({ ...script, steps: fewer });
      if (text === null) continue;
      [steps, found, isShorter] = [fewer, text, true];
    }
    if (!isShorter || size > 1) size >>= 1;
  }
  const lines = steps.map(({ text }) => `  ${text}`);
  return found === null ? null : `${found}\nshortened:\n${lines.join("\n")}`;
}
