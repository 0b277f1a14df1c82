// XACK, XACKDEL and XNACK: what a consumer says about entries that its group has claimed.
import type { FailOutcome } from "../queue/event.ts";
import type { StreamAck, StreamAckOutcome, StreamEnded, StreamNack } from "../queue/streams.ts";
import { checkCount } from "./arguments.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { parseInteger } from "./list-arguments.ts";
import { idsMeant, streamResultOf } from "./stream-arguments.ts";
import { checkIds, type GroupName, groupNameIn, groupResultOf, refuse } from "./stream-group.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

const OTHERS: Record<string, StreamAck["others"]> = {
  KEEPREF: "keep",
  DELREF: "remove",
  ACKED: "count",
};
const HOW: Record<string, StreamNack["how"]> = { SILENT: "redo", FAIL: "fail", FATAL: "final" };
/** As XACKDEL answers them. */
const ANSWERS: Record<StreamAckOutcome, number> = { none: -1, acked: 1, shared: 2 };

function ackOf(
  name: GroupName,
  ids: Buffer[],
  others: StreamAck["others"],
  answer: (outcomes: StreamAckOutcome[]) => number | number[],
  { client, context }: QueueCall,
): Submission {
  checkIds(ids);
  const { queue: stream, group } = name;
  const operation: StreamAck = { kind: "streamAck", queue: stream, group, ids, others };
  return Submission.one(operation, (result) => {
    const ended = streamResultOf(result, "XACK", stream);
    const { outcomes } = ended;
    context.stats.acks += countOf(outcomes);
    forget(ended, ids, client.held);
    return answer(outcomes);
  });
}

function countOf(outcomes: StreamAckOutcome[]): number {
  let count = 0;
  for (const outcome of outcomes) if (outcome !== "none") count += 1;
  return count;
}

/** The client holds claims no more that were ended. */
function forget(
  { queue, outcomes }: StreamEnded<StreamAckOutcome | FailOutcome>,
  ids: Buffer[],
  held: QueueCall["client"]["held"],
): void {
  if (!held) return;
  for (const [at, outcome] of outcomes.entries()) {
    if (outcome !== "none" && outcome !== null) held.delete(queue, ids[at]!);
  }
}

/** Reads `IDS numids id [id ...]`, and one of those words in front of it. */
function listIn(words: Buffer[], known: Record<string, string>) {
  let [word, given]: [string | null, Buffer[] | null] = [null, null];
  for (let at = 0; at < words.length; at++) {
    const option = wordOf(words[at]!);
    if (word === null && option in known) word = option;
    else if (option === "IDS" && at + 1 < words.length) {
      given = idsIn(words.slice(at + 1));
      at += 1 + given.length;
    } else return { word, given, behind: option };
  }
  return { word, given, behind: null };
}

function idsIn([number, ...words]: Buffer[]): Buffer[] {
  const count = parseInteger(number!);
  if (count === null || count < 1) throw commandError("idCount");
  if (count > words.length) throw commandError("idsMissing");
  return words.slice(0, count);
}

/** XACKDEL and XNACK answer for each argument. */
function checkArguments(given: Buffer[]): Buffer[][] {
  checkCount("ids", given.length, ID_ARGUMENTS_MAX);
  return given.map(idsMeant);
}

const ID_ARGUMENTS_MAX = 1000;

function ackAndDelete(call: QueueCall): Submission {
  const { word, given, behind } = listIn(call.args.slice(3), OTHERS);
  if (behind !== null || !given) throw commandError("syntax");
  const meant = checkArguments(given);
  const answer = (outcomes: StreamAckOutcome[]) => {
    let at = 0;
    return meant.map((ids) => {
      const own = outcomes.slice(at, (at += ids.length));
      return ANSWERS[own.find((outcome) => outcome !== "none") ?? "none"];
    });
  };
  return ackOf(groupNameIn(call, 1), meant.flat(), OTHERS[word ?? "KEEPREF"]!, answer, call);
}

function nackIn(name: GroupName, args: Buffer[]): StreamNack {
  const { word, given, behind } = listIn(args.slice(3), HOW);
  if (behind === "RETRYCOUNT" || behind === "FORCE") {
    const reason = "an event has its own attempts";
    throw commandError("notOfGroups", { option: behind, command: "XNACK", reason });
  }
  if (behind !== null || !word || !given) throw commandError("syntax");
  const ids = checkArguments(given).flat();
  return { ...name, kind: "streamNack", ids, how: HOW[word]! };
}

function nack(call: QueueCall): Submission {
  const name = groupNameIn(call, 1);
  let operation: StreamNack;
  try {
    operation = nackIn(name, call.args);
  } catch (error) {
    return refuse(error, "XNACK", [name]);
  }
  return Submission.one(operation, (result) => {
    const ended = groupResultOf(result, "XNACK", name);
    forget(ended, operation.ids, call.client.held);
    return ended.outcomes.filter((outcome) => outcome !== null).length;
  });
}

const shared = {
  group: "stream",
  access: "consume",
  since: "0.1.0",
  flags: ["write", "fast"],
} as const;

export const streamAckCommands: QueueCommand[] = [
  {
    ...shared,
    name: "XACK",
    syntax: "queue group id [id ...]",
    summary:
      "Acknowledges entries that the group has claimed, whichever consumer; how many it had. " +
      "They are gone for this group. At most 1000 ids.",
    run(call) {
      const { args } = call;
      const ids = args.length === 4 ? idsMeant(args[3]!) : args.slice(3).flatMap(idsMeant);
      return ackOf(groupNameIn(call, 1), ids, "keep", countOf, call);
    },
  },
  {
    ...shared,
    name: "XACKDEL",
    syntax: "queue group [KEEPREF|DELREF|ACKED] IDS numids id [id ...]",
    summary:
      "As XACK, for each id 1, or -1 if it was not claimed. DELREF: other groups lose these " +
      "entries too. ACKED: 2 if another group still has the entry.",
    run: ackAndDelete,
  },
  {
    ...shared,
    name: "XNACK",
    syntax: "queue group SILENT|FAIL|FATAL IDS numids id [id ...]",
    summary:
      "Gives claimed entries of the group back; how many it had. SILENT: next out again, as " +
      "QACK with REDO. FAIL: a failure with backoff, as QFAIL. FATAL: failed for good.",
    run: nack,
  },
];
