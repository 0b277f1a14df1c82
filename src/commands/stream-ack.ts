// XACK, XACKDEL and XNACK: what a consumer says about entries that its group has claimed.
import type { FailOutcome } from "../queue/event.ts";
import type { StreamAck, StreamAckOutcome, StreamEnded, StreamNack } from "../queue/streams.ts";
import { checkCount } from "./arguments.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { type CommandError, commandError } from "./errors.ts";
import { parseInteger } from "./list-arguments.ts";
import { idsMeant, streamResultOf } from "./stream-arguments.ts";
import {
  checkIds,
  type GroupName,
  groupNameIn,
  groupResultOf,
  ofClaims,
  refuse,
} from "./stream-group.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

const OTHERS: Record<string, StreamAck["others"]> = {
  KEEPREF: "keep",
  DELREF: "remove",
  ACKED: "count",
};
const HOW: Record<string, StreamNack["how"]> = { SILENT: "redo", FAIL: "fail", FATAL: "final" };
const NACK_SYNTAX = "queue group SILENT|FAIL|FATAL IDS numids id [id ...]";
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
    else if (option === "IDS" && given === null && at + 1 < words.length) {
      given = idsIn(words.slice(at + 1));
      at += 1 + given.length;
    } else return { word, given, behind: words[at]! };
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
  if (behind !== null) throw unknownToNack(behind, word);
  if (!word || !given) {
    const option = Object.keys(HOW).join(" or ");
    throw commandError("missingOption", { option, usage: `XNACK ${NACK_SYNTAX}` });
  }
  const ids = checkArguments(given).flat();
  return { ...name, kind: "streamNack", ids, how: HOW[word]! };
}

/** word: the one of HOW that stands before it. */
function unknownToNack(option: Buffer, word: string | null): CommandError {
  const name = wordOf(option);
  if (name === "RETRYCOUNT" || name === "FORCE") {
    const reason = "an event has its own attempts";
    return commandError("notOfGroups", { option: name, command: "XNACK", reason });
  }
  if (name === "IDS") return commandError("repeatedOption", { option: name });
  if (name in HOW) return commandError("exclusiveOptions", { option: name, other: word! });
  const known = [...Object.keys(HOW), "IDS"].join(", ");
  return commandError("unknownOption", { option, known });
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

export const streamAckCommands: QueueCommand[] = [
  {
    ...ofClaims,
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
    ...ofClaims,
    name: "XACKDEL",
    syntax: "queue group [KEEPREF|DELREF|ACKED] IDS numids id [id ...]",
    summary:
      "As XACK, for each id 1, or -1 if it was not claimed. DELREF: other groups lose these " +
      "entries too. ACKED: 2 if another group still has the entry.",
    run: ackAndDelete,
  },
  {
    ...ofClaims,
    name: "XNACK",
    syntax: NACK_SYNTAX,
    summary:
      "Gives claimed entries of the group back; how many it had. SILENT: next out again, as " +
      "QACK with REDO. FAIL: a failure with backoff, as QFAIL. FATAL: failed for good.",
    run: nack,
  },
];
