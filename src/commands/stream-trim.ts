// How XADD and XTRIM are told to trim, in the words and in the order of Redis.
import { STREAM_STEP_MAX, type TrimBy } from "../queue/streams.ts";
import { commandError } from "./errors.ts";
import { integerOf } from "./list-arguments.ts";
import { type GivenId, givenIdIn, streamIdIn } from "./stream-arguments.ts";
import { wordOf } from "./words.ts";

/** With `~` Redis trims only whole nodes, which have so many entries. */
const SLACK = 100;
/** With `~`, unless LIMIT says it. */
const LIMIT_DEFAULT = STREAM_STEP_MAX;
/** A part of a transaction removes no more, because its transaction is about 1,000 events. */
export const TRIMMED_BY_PART = 100;
export const TRIMMED_BY_ADDING_PART = 8;

const [STAR, TILDE, EQUALS] = [42, 126, 61];

/** Of later versions of Redis. */
const REFUSED = new Set(["IDMP", "IDMPAUTO"]);
const REFUSED_REFERENCES = new Set(["KEEPREF", "DELREF", "ACKED"]);

export interface GivenTrim {
  by: TrimBy;
  /** How many entries go at most; Infinity for all. */
  most: number;
}

export interface AddOptions {
  trim: GivenTrim | null;
  ifThere: boolean;
  /** null for `*`. */
  id: GivenId | null;
  /** The index of the id; the number of arguments if it is missing. */
  at: number;
}

/** Options as far as it is read. */
interface Read {
  by: TrimBy | null;
  isAbout: boolean;
  limit: number | null;
}

function is(bytes: Buffer, character: number): boolean {
  return bytes.length === 1 && bytes[0] === character;
}

/** The options and the id in `XADD queue [option ...] id field value ...`. */
export function addOptionsIn(args: Buffer[]): AddOptions {
  if (is(args[2]!, STAR)) return { trim: null, ifThere: false, id: null, at: 2 };
  const read: Read = { by: null, isAbout: false, limit: null };
  let ifThere = false;
  let id: GivenId | null = null;
  let at = 2;
  for (; at < args.length && !is(args[at]!, STAR); at++) {
    const behind = readOption(read, args, at);
    if (behind !== null) at = behind - 1;
    else if (wordOf(args[at]!) === "NOMKSTREAM") ifThere = true;
    else {
      refuse("XADD", args[at]!);
      id = givenIdIn(args[at]!);
      break;
    }
  }
  return { trim: trimOf(read, "XADD"), ifThere, id, at };
}

/** The options in `XTRIM queue option ...`. */
export function trimIn(args: Buffer[]): GivenTrim {
  const read: Read = { by: null, isAbout: false, limit: null };
  for (let at = 2; at < args.length;) {
    const behind = readOption(read, args, at);
    if (behind === null) {
      refuse("XTRIM", args[at]!);
      throw commandError("syntax");
    }
    at = behind;
  }
  return trimOf(read, "XTRIM")!;
}

/** Reads an option that says what goes; the index behind it, or null if there is none. */
function readOption(read: Read, args: Buffer[], at: number): number | null {
  const option = wordOf(args[at]!);
  const more = args.length - at - 1;
  if (more === 0) return null;
  if (option === "LIMIT") {
    read.limit = notNegative(option, args[at + 1]!);
    return at + 2;
  }
  if (option !== "MAXLEN" && option !== "MINID") return null;
  if (read.by) throw commandError("trimTwice");
  const mark = args[at + 1]!;
  const isMarked = more >= 2 && (is(mark, TILDE) || is(mark, EQUALS));
  read.isAbout = isMarked && is(mark, TILDE);
  const threshold = at + (isMarked ? 2 : 1);
  read.by =
    option === "MINID"
      ? { from: streamIdIn(args[threshold]!) }
      : {
          length: notNegative(option, args[threshold]!),
          slack: read.isAbout ? SLACK : 0,
        };
  return threshold + 1;
}

/** In the order in which Redis judges. */
function trimOf({ by, isAbout, limit }: Read, command: "XADD" | "XTRIM"): GivenTrim | null {
  if (!by && limit) throw commandError("limitAlone");
  if (!by && command === "XTRIM") throw commandError("trimMissing");
  if (limit !== null && !isAbout) throw commandError("limitExact");
  return by && { by, most: isAbout ? (limit ?? LIMIT_DEFAULT) || Infinity : Infinity };
}

function notNegative(option: "MAXLEN" | "LIMIT", bytes: Buffer): number {
  const value = integerOf(bytes);
  if (value >= 0) return value;
  throw commandError("trimNegative", { option });
}

function refuse(command: string, bytes: Buffer): void {
  const option = wordOf(bytes);
  if (REFUSED_REFERENCES.has(option)) throw commandError("notWithReferences", { option, command });
  if (command === "XADD" && REFUSED.has(option)) throw commandError("noIdempotence", { option });
}
