// `okq purge`: removes the events of a queue that are in a state, after a question.
import { type Okq, PermissionError } from "../../client/client.ts";
import { arrayIn, numberIn, pairsIn, type Reply } from "../../client/reply.ts";
import { bytesOf, type Word } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import { clientCommand, type Invocation } from "../client-command.ts";
import type { ClientOptions } from "../client-option.ts";
import { exitCodes } from "../exit-codes.ts";
import { printable } from "../terminal/printable.ts";
import { countOfLong } from "./long-command.ts";
import { selectionOptions, selectionWords } from "./selection.ts";

const STATES = ["ready", "delayed", "failed", "completed"] as const;
const PAGE_MAX = 1000;

const options = {
  ...selectionOptions,
  count: { kind: "number", short: "n", min: 1, help: "at most so many" },
  yes: { kind: "flag", short: "y", help: "do not ask" },
} as const satisfies ClientOptions;

type Call = Invocation<typeof options>;

export const purge = clientCommand({
  name: "purge",
  group: "events",
  summary: "remove the events of a queue that are in a state",
  details: [
    "STATE is ready, delayed, failed or completed; or all, which removes everything, the claimed " +
      "events too, and takes no other options. It tells how many events there are and asks. " +
      "Without a terminal it does nothing unless --yes is given.",
  ],
  words: "QUEUE STATE",
  options,
  examples: [
    ["okq purge mail failed", "asks, and removes all failed events"],
    ["okq purge mail ready --before 2026-01-01T00:00:00Z --yes", "old ones, without a question"],
  ],
  async run(call) {
    const { words, options: given, terminal, connect } = call;
    const [queue, state] = words as [string, string];
    const fitting = fittingWords(state, call);
    const okq = await connect();
    if (!given.yes && !(await isConfirmed(call, await countOf(okq, queue, state, fitting)))) {
      terminal.note("okq: nothing was removed");
      return exitCodes.notDone;
    }
    const removed =
      state === "all"
        ? await flush(okq, queue)
        : await countOfLong(okq, ["QPURGE", queue, state, ...withCount(fitting, given.count)]);
    await (given.json ? terminal.json({ removed }) : terminal.line(`removed ${removed ?? "all"}`));
    return exitCodes.done;
  },
});

function fittingWords(state: string, { options: given }: Call): Word[] {
  if (state !== "all" && !STATES.some((each) => each === state)) {
    throw new UsageError(`STATE: ${JSON.stringify(state)} is not one of ${STATES.join(", ")}, all`);
  }
  const fitting = selectionWords(given);
  if (state === "all" && (fitting.length > 0 || given.count !== undefined)) {
    throw new UsageError("the state all takes no options that select events");
  }
  return fitting;
}

function withCount(fitting: Word[], count: number | undefined): Word[] {
  return count === undefined ? fitting : [...fitting, "COUNT", count];
}

/** Throws UsageError if nobody can be asked. */
async function isConfirmed(
  { terminal, words, options: given }: Call,
  number: number,
): Promise<boolean> {
  const [queue, state] = words as [string, string];
  const removed = Math.min(number, given.count ?? number);
  const kind = state === "all" ? "" : ` ${state}`;
  const what = `${removed.toLocaleString("en")}${kind} event${removed === 1 ? "" : "s"}`;
  const where = printable(bytesOf(queue));
  if (terminal.isInteractive) return await terminal.confirm(`Remove ${what} of ${where}?`);
  throw new UsageError(
    `this removes ${what} of ${where}, and there is no terminal to ask: give --yes`,
  );
}

/** null if the user may not know how many they were. */
async function flush(okq: Okq, queue: string): Promise<number | null> {
  const number = await countOf(okq, queue, "all", []).catch((error: unknown) => {
    if (error instanceof PermissionError) return null;
    throw error;
  });
  await okq.call("QFLUSH", queue);
  return number;
}

/** How many events are in that state and fit. */
async function countOf(okq: Okq, queue: string, state: string, fitting: Word[]): Promise<number> {
  if (fitting.length > 0) return await countFitting(okq, queue, state, fitting);
  const stats = new Map(pairsIn(await okq.call("QSTATS", queue)));
  const names = state === "all" ? [...STATES, "claimed"] : [state];
  return names.reduce((sum, name) => sum + numberIn(stats.get(name)), 0);
}

async function countFitting(
  okq: Okq,
  queue: string,
  state: string,
  fitting: Word[],
): Promise<number> {
  let number = 0;
  let cursor: Reply = null;
  do {
    const after: Word[] = cursor === null ? [] : ["AFTER", cursor as Buffer];
    const page = ["QLIST", queue, "STATE", state, ...fitting, "COUNT", PAGE_MAX, ...after];
    const [next = null, events] = arrayIn(await okq.call(...page));
    number += arrayIn(events).length;
    cursor = next;
  } while (cursor !== null);
  return number;
}
