// Commands that a program sends as they are.
import { CommandRefusedError } from "./errors.ts";
import type { Reply } from "./reply.ts";
import type { Session } from "./session.ts";
import { checkWords, textOf, type Word } from "./words.ts";

/** They change the state of a connection, and connections belong to the client. */
const REFUSED = new Set(
  (
    "AUTH HELLO RESET QUIT SELECT MULTI EXEC DISCARD SUBSCRIBE PSUBSCRIBE UNSUBSCRIBE " +
    "PUNSUBSCRIBE QREGISTER QNOTIFY"
  ).split(" "),
);

const SECOND_MS = 1_000;
const DAY_MS = 24 * 3600 * SECOND_MS;

/** How long a command waits, in ms; 0: not at all. */
const WAIT_OF: Readonly<Record<string, (words: readonly string[]) => number>> = {
  QPOP: (words) => optionOf(words, "WAIT") * SECOND_MS,
  QNEXT: (words) => optionOf(words, "WAIT") * SECOND_MS,
  QWAIT: (words) => Number(words[3]) * SECOND_MS,
  QEMPTY: (words) => Number(words[2]) * SECOND_MS,
  XREAD: (words) => foreverIfZero(optionOf(words, "BLOCK", Number.NaN)),
  XREADGROUP: (words) => foreverIfZero(optionOf(words, "BLOCK", Number.NaN)),
  BLMPOP: (words) => foreverIfZero(Number(words[1]) * SECOND_MS),
  BLPOP: lastOf,
  BRPOP: lastOf,
  BLMOVE: lastOf,
  BRPOPLPUSH: lastOf,
};

function lastOf(words: readonly string[]): number {
  return foreverIfZero(Number(words.at(-1)) * SECOND_MS);
}

/** The number behind that word, else the default. */
function optionOf(words: readonly string[], name: string, byDefault = 0): number {
  const at = words.findIndex((word) => word.toUpperCase() === name);
  return at < 0 ? byDefault : Number(words[at + 1]);
}

/** As in Redis, where 0 is no limit. */
function foreverIfZero(ms: number): number {
  return ms === 0 ? DAY_MS : ms;
}

/** Throws if the command would change the state of a connection. */
export function checkRaw(words: readonly Word[]): void {
  checkWords(words);
  const [name = "", second = ""] = textsOf(words.slice(0, 2)).map((text) => text.toUpperCase());
  if (!REFUSED.has(name) && !(name === "CLIENT" && second === "REPLY")) return;
  const why = "the client connects, logs in and shares its connection itself";
  throw new CommandRefusedError("CLIENT", `${name} is not for call(): ${why}`);
}

/** Longer words in bytes are neither names nor numbers. */
const WORD_BYTES_MAX = 64;

function textsOf(words: readonly Word[]): string[] {
  return words.map((word) =>
    typeof word === "object" ? textOf(Buffer.from(word.subarray(0, WORD_BYTES_MAX))) : String(word),
  );
}

/** A command that waits has a connection of its own. None is sent again once okq may have it. */
export async function rawCall(session: Session, words: readonly Word[]): Promise<Reply> {
  checkRaw(words);
  const texts = textsOf(words);
  const name = texts[0]!.toUpperCase();
  const waitMs = Object.hasOwn(WAIT_OF, name) ? WAIT_OF[name]!(texts) : 0;
  // A number that okq refuses is no wait.
  const { reply } =
    waitMs > 0
      ? await session.wait(() => words, { waitMs: Math.min(waitMs, DAY_MS) })
      : await session.send(words);
  return reply;
}
