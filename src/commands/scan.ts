// KEYS, SCAN and DBSIZE: the names of streams, of queues that have events, and of sets. They are
// looked for in pages, so that other clients do not wait.
import { Encoded, Output } from "../resp/reply.ts";
import { Glob } from "../users/glob.ts";
import type { Answer } from "./answer.ts";
import { checkLength } from "./arguments.ts";
import type { Call, Command } from "./command.ts";
import { commandError } from "./errors.ts";
import { valuesOf } from "./key-options.ts";
import { keyPages } from "./key-pages.ts";
import { FIRST, type Place } from "./key-place.ts";
import { integerOf } from "./list-arguments.ts";
import { collect, longArray } from "./long-replies.ts";
import { wordOf } from "./words.ts";

const PATTERN_BYTES_MAX = 1024;
/** Unless a SCAN says how many, as in Redis. */
const COUNT_DEFAULT = 10;
/** Names that one SCAN looks at. */
const LOOKED_AT_MAX = 1000;
const END = "0";

type Test = (name: Buffer) => boolean;

function testOf(pattern: Buffer | undefined): Test {
  if (!pattern) return () => true;
  checkLength("the pattern is", pattern, PATTERN_BYTES_MAX);
  const glob = Glob.ofRedis(pattern);
  return glob.matchesAll ? () => true : (name) => glob.matches(name);
}

async function keys(call: Call): Promise<Answer> {
  const fits = testOf(call.args[1]!);
  // As bytes of the reply: as objects they would take much more memory.
  const pages: Encoded[] = [];
  let count = 0;
  const release = await collect(call, keyPages(call.client), (listed) => {
    const fitting = listed.keys.map(({ name }) => name).filter(fits);
    if (fitting.length === 0) return 0;
    const page = encoded(fitting);
    pages.push(new Encoded(page));
    count += fitting.length;
    return page.length;
  });
  return longArray(count, pages, release);
}

function encoded(names: Buffer[]): Buffer {
  const output = new Output();
  for (const name of names) output.write(name, 2);
  return output.bytes();
}

async function countKeys(call: Call): Promise<number> {
  let count = 0;
  await collect(call, keyPages(call.client), (page) => {
    count += page.keys.length;
    return 0;
  });
  return count;
}

async function scan({ args, client, context }: Call): Promise<Answer> {
  const { cursors } = context;
  const given = cursorIn(args[1]!);
  const { MATCH, COUNT, TYPE } = valuesOf(args, 2, ["MATCH", "COUNT", "TYPE"]);
  const wanted = COUNT ? integerOf(COUNT) : COUNT_DEFAULT;
  if (wanted < 1) throw commandError("syntax");
  const fits = testOf(MATCH);
  const type = TYPE && wordOf(TYPE).toLowerCase();
  const begin = given === 0 ? FIRST : cursors.placeOf(given);
  if (!begin) throw commandError("unknownCursor", { cursor: args[1]! });
  let place: Place | null = begin;
  const names: Buffer[] = [];
  let left = Math.min(wanted, LOOKED_AT_MAX);
  for await (const page of keyPages(client, begin, left)) {
    const ofType = type ? page.keys.filter((key) => key.type === type) : page.keys;
    names.push(...ofType.map(({ name }) => name).filter(fits));
    place = page.next;
    left -= Math.max(1, page.lookedAt);
    if (left <= 0 || client.isClosed) break;
  }
  return [place === null ? END : String(cursors.cursorOf(place)), names];
}

/** The empty text is 0, as in Redis. */
function cursorIn(bytes: Buffer): number {
  const text = bytes.length <= 20 ? bytes.toString("latin1") : "x";
  if (!/^\d*$/.test(text) || BigInt(text) >= 2n ** 64n) throw commandError("invalidCursor");
  return Number(text);
}

const shared = {
  group: "key",
  access: "inspect",
  since: "0.1.0",
  flags: ["readonly"],
  isExclusive: true,
} as const;

export const scanCommands: Command[] = [
  {
    ...shared,
    name: "KEYS",
    syntax: "pattern",
    summary: "The names of all keys that fit a glob of Redis.",
    run: keys,
  },
  {
    ...shared,
    name: "SCAN",
    syntax: "cursor [MATCH pattern] [COUNT count] [TYPE type]",
    summary:
      "[next cursor, names] of the keys, first queues, then sets; begins with the cursor 0, and " +
      "ends where the next one is 0. Looks at COUNT (10) names or some more, at most 1,000. Only " +
      "the okq that gave a cursor knows it.",
    run: scan,
  },
  {
    ...shared,
    name: "DBSIZE",
    access: "admin",
    syntax: "",
    summary: "How many keys there are.",
    run: countKeys,
  },
];
