// Random commands on two streams with groups, one without, and a list. Clients choose the ids.
//
// What okq does otherwise on purpose is left out (see stream-differences.ts): an entry is removed
// as it is acknowledged in all groups, only the stream without groups is trimmed, and a consumer
// that is deleted has claimed nothing.
import type { Random } from "../stores/random.ts";
import { type Commands, maybe, some, type Vocabulary, type Words } from "./random-scripts.ts";

const RECENT = 12;
const WRONG_IDS = ["x", "1-x", '""', "-1", "18446744073709551616"];
const FIELDS = ["a 1", "b 2", '"" ""', String.raw`n "\x00\xff\r\n"`, "n 1 m 2", "long <300>"];

/** Streams with groups; rarely another key. */
const key = (random: Random) => random.weighted({ $x: 20, $y: 12, $z: 1, $list: 1, $missing: 1 });
const anyKey = (random: Random) => random.of(["$x", "$y", "$z", "$z", "$list", "$missing"]);
const group = (random: Random) => random.weighted({ g: 20, h: 8, nosuch: 1 });
const consumer = (random: Random) => random.of(["alice", "bob", "carol", String.raw`"\xff"`]);
const count = (random: Random) =>
  random.below(20) === 0 ? random.of([0, -1, "x"]) : random.below(4) + 1;
const minIdle = (random: Random) => random.of([0, 0, 0, 0, 3600000]);

const readGroup: Words = (random) => {
  const keys = some(random, 2, key);
  const options = maybe(random, "COUNT", count(random));
  const ids = keys.map(() => ">");
  return ["GROUP", group(random), consumer(random), ...options, "STREAMS", ...keys, ...ids];
};

/** The ids of a script: they begin small, and grow. */
class Ids {
  #last = 0;

  readonly recent = (random: Random) => `${Math.max(0, this.#last - random.below(RECENT))}-0`;

  readonly any = (random: Random) => {
    if (random.below(25) === 0) return random.of(WRONG_IDS);
    const id = this.recent(random);
    return random.below(4) === 0 ? id.replace("-0", "") : id;
  };

  readonly from = (random: Random) =>
    random.of(["-", "-", "0", this.any(random), `(${this.recent(random)}`]);
  readonly to = (random: Random) =>
    random.of(["+", "+", this.any(random), `(${this.recent(random)}`]);

  readonly next = (random: Random) => {
    if (random.below(8) === 0) return this.any(random);
    this.#last += 1 + random.below(2);
    return `${this.#last}-${random.of(["0", "0", "*"])}`;
  };
}

const add =
  (ids: Ids): Words =>
  (random) => [
    random.below(4) === 0 ? anyKey(random) : key(random),
    ids.next(random),
    random.of(FIELDS),
  ];

/** XACK of both groups, and XDEL, in one write. */
const acknowledge =
  (ids: Ids): Words =>
  (random) => {
    const stream = random.of(["$x", "$x", "$y"]);
    const all = some(random, 4, ids.recent).join(" ");
    return [`${stream} g ${all} | XACK ${stream} h ${all} | XDEL ${stream} ${all}`];
  };

const read =
  (ids: Ids): Words =>
  (random) => {
    const keys = [...new Set(some(random, 3, anyKey))];
    const options = maybe(random, "COUNT", count(random));
    const from = keys.map(() => random.of(["$", "0", ids.any(random)]));
    return [...options, "STREAMS", ...keys, ...from];
  };

const trim =
  (ids: Ids): Words =>
  (random) => [
    "$z",
    ...random.of([
      ["MAXLEN", random.below(6)],
      ["MINID", ids.any(random)],
      ["MAXLEN", "=", random.below(4)],
    ]),
  ];

const limit = (random: Random) => maybe(random, "COUNT", count(random));

const pending =
  (ids: Ids): Words =>
  (random) => {
    const place = [key(random), group(random)];
    if (random.below(3) === 0) return place;
    const most = 1 + random.below(9);
    return [...place, ids.from(random), ids.to(random), most, ...maybe(random, consumer(random))];
  };

const claimOf: Words = (random) => [key(random), group(random), consumer(random)];

const groups: Words = (random) =>
  random.of([
    ["CREATE", key(random), group(random), 0, ...maybe(random, "MKSTREAM")],
    ["CREATE", random.of(["$x", "$y"]), "g", 0, "MKSTREAM"],
    ["CREATE", random.of(["$x", "$y"]), "h", 0],
    ["CREATECONSUMER", key(random), group(random), "zoe"],
    ["DELCONSUMER", key(random), group(random), "zoe"],
    ["DESTROY", key(random), random.of(["h", "h", "h", "g", "nosuch"])],
  ]);

function commands(ids: Ids): Commands {
  const ranged = (key_: string, one: string, other: string, random: Random) => [
    key_,
    one,
    other,
    ...limit(random),
  ];
  return {
    XADD: [34, add(ids)],
    XLEN: [2, (random) => [anyKey(random)]],
    XRANGE: [4, (random) => ranged(anyKey(random), ids.from(random), ids.to(random), random)],
    XREVRANGE: [3, (random) => ranged(anyKey(random), ids.to(random), ids.from(random), random)],
    XREAD: [3, read(ids)],
    XTRIM: [2, trim(ids)],
    XDEL: [2, (random) => ["$z", ...some(random, 3, ids.recent)]],
    XACK: [5, acknowledge(ids)],
    XGROUP: [5, groups],
    XREADGROUP: [14, readGroup],
    XPENDING: [7, pending(ids)],
    XCLAIM: [
      7,
      (random) => [
        ...claimOf(random),
        minIdle(random),
        ...some(random, 5, ids.recent),
        ...maybe(random, "JUSTID"),
      ],
    ],
    XAUTOCLAIM: [
      4,
      (random) => {
        const few = maybe(random, "COUNT", 1 + random.below(3));
        // With a count Redis looks at ten times as many only.
        const idleMs = few.length > 0 ? 0 : minIdle(random);
        const from = random.of(["0", "-", ids.any(random)]);
        return [...claimOf(random), idleMs, from, ...few, ...maybe(random, "JUSTID")];
      },
    ],
    RPUSH: [2, (random) => [random.of(["$list", "$list", "$x", "$missing"]), "a", "b"]],
    LPOP: [2, (random) => [random.of(["$list", "$missing", "$y"])]],
    LRANGE: [1, (random) => [anyKey(random), 0, -1]],
    DEL: [1, (random) => [random.of(["$x", "$y", "$z", "$list", "$missing", "$missing"])]],
    EXISTS: [2, (random) => some(random, 3, anyKey)],
    TYPE: [2, (random) => [anyKey(random)]],
  };
}

const waiting = (ids: Ids): Commands => ({
  XREADGROUP: [4, (random) => ["BLOCK", 0, ...readGroup(random)]],
  XREAD: [3, (random) => ["BLOCK", 0, ...read(ids)(random)]],
  BLPOP: [1, (random) => [random.of(["$list", "$missing", "$z"]), 0]],
});

/** Wrong arguments, which okq notices earlier in a transaction, and what is shown without times. */
const APART_ONLY = new RegExp(
  [
    String.raw`( |^)(x|1-x|""|-1|18446744073709551616)( |$)`,
    String.raw`^XADD \S+ 0(-0)? |\(0-0`,
    String.raw`^XPENDING \S+ \S+ |^XACK`,
    // Several streams, of which one may not have the group: what is undone is undone behind EXEC.
    "^XREADGROUP .* > >",
  ].join("|"),
);

/** Redis tells clients at once that their group is gone. */
const CALM_ONLY = /^DEL .*\$[xy]|^XGROUP DESTROY/;

const BEGINNING = [
  "XGROUP CREATE $x g 0 MKSTREAM",
  "XGROUP CREATE $y g 0 MKSTREAM",
  "XGROUP CREATE $x h 0",
];

/** With ids of its own in each script. */
export function streamVocabulary(): Vocabulary {
  const ids = new Ids();
  return {
    beginning: BEGINNING,
    commands: commands(ids),
    waiting: waiting(ids),
    apartOnly: APART_ONLY,
    calmOnly: CALM_ONLY,
  };
}
