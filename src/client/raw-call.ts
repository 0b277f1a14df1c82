// Commands that a program sends as they are.
import { CommandRefusedError } from "./errors.ts";
import type { Reply } from "./reply.ts";
import type { Session } from "./session.ts";
import type { Word } from "./words.ts";

/** They change the state of a connection, and connections belong to the client. */
const REFUSED = new Set(
  (
    "AUTH HELLO RESET QUIT SELECT MULTI EXEC DISCARD SUBSCRIBE PSUBSCRIBE UNSUBSCRIBE " +
    "PUNSUBSCRIBE QREGISTER QNOTIFY"
  ).split(" "),
);

const ALWAYS_WAIT = new Set("QWAIT QEMPTY BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP".split(" "));
/** They wait with this option. */
const MAY_WAIT: Readonly<Record<string, string>> = {
  QPOP: "WAIT",
  QNEXT: "WAIT",
  XREAD: "BLOCK",
  XREADGROUP: "BLOCK",
};
/** A day: the longest wait of most commands. okq keeps to the time in the command. */
const WAIT_MS_MAX = 24 * 3600 * 1000;

/** A command that waits has a connection of its own. None is sent again once okq may have it. */
export async function rawCall(session: Session, words: readonly Word[]): Promise<Reply> {
  const names = words.slice(0, 2).map((word) => String(word).toUpperCase());
  const [name = "", second] = names;
  if (REFUSED.has(name) || (name === "CLIENT" && second === "REPLY")) {
    throw new CommandRefusedError(
      "CLIENT",
      `${name} is not for call(): the client connects, logs in and shares its connection itself`,
    );
  }
  const { reply } = waits(name, words)
    ? await session.wait(() => words, { waitMs: WAIT_MS_MAX })
    : await session.send(words);
  return reply;
}

function waits(name: string, words: readonly Word[]): boolean {
  if (ALWAYS_WAIT.has(name)) return true;
  const option = Object.hasOwn(MAY_WAIT, name) ? MAY_WAIT[name] : undefined;
  return words.some((word) => typeof word === "string" && word.toUpperCase() === option);
}
