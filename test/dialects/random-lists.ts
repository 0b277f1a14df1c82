// Random commands on a few lists and sets.
import type { Random } from "../stores/random.ts";
import { type Commands, maybe, some, type Vocabulary, type Words } from "./random-scripts.ts";

const VALUES = ["a", "b", "c", "a", "b", '""', String.raw`"\x00\xff\r\n"`, "<300>"];
const INTEGERS = [0, 0, 1, 1, 2, 3, -1, -1, -2, -3, 5, -5, 100, -100];
const WRONG = ["x", "1x", "1.5", "9223372036854775808", "-1"];
const MEMBERS = ["a", "b", "c", '""'];

const key = (random: Random) => random.of(["$q", "$q", "$p", "$s"]);
const anyKey = (random: Random) => random.of(["apart", "$t", "$q", "$p", "$s"]);
const value = (random: Random) => random.of(VALUES);
const end = (random: Random) => random.of(["LEFT", "RIGHT"]);
const integer = (random: Random) =>
  random.below(25) === 0 ? random.of(WRONG) : random.of(INTEGERS);
const count = (random: Random) =>
  random.below(15) === 0 ? random.of([0, ...WRONG]) : 1 + random.below(4);

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

const COMMANDS: Commands = {
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
const WAITING: Commands = {
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

export const listVocabulary: Vocabulary = {
  beginning: [],
  commands: COMMANDS,
  waiting: WAITING,
  apartOnly: APART_ONLY,
  calmOnly: /^$/,
};
