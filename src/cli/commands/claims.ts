// `okq ack`, `okq fail` and `okq touch`: the end of a claim, or more time for it.
import { numberIn, textIn } from "../../client/reply.ts";
import { bytesOf, type Word } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import { clientCommand } from "../client-command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-codes.ts";
import { printable } from "../terminal/printable.ts";
import { ackJob, topicOption } from "./simplequeue.ts";
import { secondsOf, startWords } from "./start-words.ts";

const start = {
  delay: { kind: "seconds", help: "the event is ready again only after so many seconds" },
  at: { kind: "time", help: "it is ready again only then: seconds since 1970, or ISO 8601" },
} as const;

export const ack = clientCommand({
  name: "ack",
  group: "claims",
  summary: "acknowledge a popped event: it is done and gone",
  details: [
    "Without TOKEN, or with *, it ends whichever claim the event has. With --topic it is " +
      "simplequeue's word: okq ack ID --topic TOPIC.",
  ],
  words: "[QUEUE] ID [TOKEN]",
  options: {
    result: { kind: "text", help: "kept with the event, if the queue keeps completed ones" },
    redo: { kind: "flag", help: "give the event back, not done: it is the next one out" },
    ...start,
    topic: topicOption,
  },
  examples: [
    ["okq ack mail 1 1795852800000-0", "the claim with that token is done"],
    ["okq ack mail 1 '*' --redo", "frees an event whose consumer is stuck"],
  ],
  async run(call) {
    const { options, words, terminal } = call;
    if (options.topic !== undefined) return await ackJob(call, options.topic);
    const [queue, id, token = "*"] = words as [string, string, string];
    if (id === undefined) {
      throw new UsageError("ID is missing: okq ack QUEUE ID [TOKEN], or okq ack ID --topic TOPIC");
    }
    const okq = await call.connect();
    const given: Word[] = ["QACK", queue, id, "TOKEN", token];
    if (options.redo) given.push("REDO");
    given.push(...startWords(options));
    if (options.result !== undefined) given.push("RESULT", options.result);
    if (numberIn(await okq.call(...given)) !== 1) throw notClaimed(queue, id, token);
    await (options.json ? terminal.json({ acked: true }) : terminal.line("acked"));
    return exitCodes.done;
  },
});

export const fail = clientCommand({
  name: "fail",
  group: "claims",
  summary: "say that the work on a popped event failed",
  details: [
    "Prints what the event is now: ready, delayed (until another attempt), failed (for good) or " +
      "removed (it was cancelled). TOKEN * stands for whichever claim it has.",
  ],
  words: "QUEUE ID TOKEN",
  options: {
    error: { kind: "text", short: "e", help: "why; shown with the event" },
    ...start,
    final: { kind: "flag", help: "the event has failed for good" },
  },
  examples: [
    ["okq fail mail 1 1795852800000-0 -e 'no such user'", "another attempt after the backoff"],
    ["okq fail mail 1 1795852800000-0 --final", "no other attempt"],
  ],
  async run(call) {
    const { options, words, terminal } = call;
    const [queue, id, token] = words as [string, string, string];
    if (options.final && (options.delay ?? options.at) !== undefined) {
      const other = options.delay === undefined ? "--at" : "--delay";
      throw new UsageError(`--final and ${other} exclude each other`);
    }
    const okq = await call.connect();
    const given: Word[] = ["QFAIL", queue, id, token];
    if (options.error !== undefined) given.push("ERROR", options.error);
    given.push(...startWords(options));
    if (options.final) given.push("FINAL");
    const reply = await okq.call(...given);
    if (reply === null) throw notClaimed(queue, id, token);
    const outcome = textIn(reply);
    await (options.json ? terminal.json({ outcome }) : terminal.line(outcome));
    return exitCodes.done;
  },
});

export const touch = clientCommand({
  name: "touch",
  group: "claims",
  summary: "keep a claim: its lease begins anew",
  details: [
    "Prints held, or cancelled if somebody wants its consumer to stop. TOKEN * stands for " +
      "whichever claim the event has.",
  ],
  words: "QUEUE ID TOKEN",
  options: {
    lease: {
      kind: "seconds",
      help: "it ends so long from now; else as long as when it was popped",
    },
    progress: { kind: "text", help: "how far the work is; okq get shows it" },
    log: { kind: "text", value: "LINE", help: "a line for the log of the event" },
  },
  examples: [
    ["okq touch mail 1 1795852800000-0 --lease 300", "five more minutes"],
    ["okq touch mail 1 1795852800000-0 --progress 50%", "and how far it is"],
  ],
  async run({ options, words, terminal, connect }) {
    const [queue, id, token] = words as [string, string, string];
    const { lease, progress, log } = options;
    const given: Word[] = ["QTOUCH", queue, id, token];
    if (lease !== undefined) given.push("LEASE", secondsOf(lease));
    if (progress !== undefined) given.push("PROGRESS", progress);
    if (log !== undefined) given.push("LOG", log);
    const answer = numberIn(await (await connect()).call(...given));
    if (answer === 0) throw notClaimed(queue, id, token);
    const claim = answer === 2 ? "cancelled" : "held";
    await (options.json ? terminal.json({ claim }) : terminal.line(claim));
    return exitCodes.done;
  },
});

function notClaimed(queue: string, id: string, token: string): CommandFailure {
  const whose = token === "*" ? "it is not claimed" : "that claim has ended";
  return new CommandFailure(
    `nothing was done to event ${printable(bytesOf(id))} of ${printable(bytesOf(queue))}: ${whose}`,
    exitCodes.notDone,
  );
}
