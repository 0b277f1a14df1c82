// Equal commands that take events, of which one finds that something is wrong: all are answered.
import { expect, test } from "bun:test";
import { systemClock } from "../../src/queue/clock.ts";
import type { Submission } from "../../src/commands/submission.ts";
import type { QueueCall } from "../../src/commands/command.ts";
import { takeOrWait } from "../../src/commands/taking.ts";
import { Waiters } from "../../src/queue/waiters.ts";

const queues = [Buffer.from("q")];

/** Commands of a client that has left, so that none of them waits. */
function commandsOf(count: number): ((found: string | Error | null) => Promise<string>)[] {
  const client = { gone: AbortSignal.abort() };
  const call = { client, context: { waiters: new Waiters(systemClock) }, takings: null };
  const results: (string | Error | null)[] = [];
  const taking = {
    queues,
    target: null,
    taker: { worker: "", claims: true },
    timeoutMs: Infinity,
    before: null,
    operation: { kind: "ready", queues } as const,
    foundIn() {
      const found = results.shift()!;
      if (found instanceof Error) throw found;
      return found;
    },
    again: () => Promise.resolve(null),
    answer: (found: string | null) => found ?? "nothing",
  };
  return Array.from({ length: count }, () => {
    const submission = takeOrWait(taking, call as unknown as QueueCall) as Submission;
    return async (found) => {
      results.push(found);
      return String(await submission.answer(null));
    };
  });
}

const wrong = new Error("wrong");

test.each([
  [[null, wrong, "1"], "1 wrong nothing"],
  [[null, null, wrong], "nothing nothing wrong"],
  [[wrong, null, "1"], "wrong 1 nothing"],
  [["1", wrong, null], "1 wrong nothing"],
])("all attempts are answered, also if one finds something wrong: %#", async (found, answers) => {
  const commands = commandsOf(found.length);
  const answered = commands.map((command, at) =>
    command(found[at]!).catch(({ message }: Error) => message),
  );
  expect((await Promise.all(answered)).join(" ")).toBe(answers);
});
