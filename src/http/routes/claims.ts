// Routes that end and extend claims.
import * as field from "../fields.ts";
import { bytesList, list, objects } from "../list-fields.ts";
import type { Word } from "../request-command.ts";
import { call, type Input, type Route } from "../route.ts";
import * as shape from "../shapes.ts";
import { popFields, popped, popsOf } from "./pop.ts";

const shared = { method: "POST", tag: "Claims" } as const;
const queue = "/v1/queues/{queue}";
const event = `${queue}/events/{id}`;
const token = field.required(field.text);
const claims = objects({ id: field.bytes(null, true), token });

const touched = shape.word({ 0: null, 1: "touched", 2: "cancelled" });

/** Those from which to pop: unless they are named, that of the claim. */
function queuesOf(input: Input): Word[] {
  const queues = input.words("queues");
  return queues.length > 0 ? queues : input.words("queue");
}

export const claimRoutes: Route[] = [
  {
    ...shared,
    path: `${event}/ack`,
    name: "ackEvent",
    summary:
      "Acknowledges a claim: the event is done, or with `redo` ready again, or delayed. False if " +
      "that claim has ended. Without a token: the claim that there is.",
    command: "QACK",
    fields: {
      token: field.option("TOKEN", field.text),
      redo: field.flag("REDO"),
      delay: field.option("DELAY", field.number),
      at: field.option("AT", field.number),
      result: field.bytes("RESULT"),
    },
    answer: shape.under("acked", shape.boolean),
    run: call("QACK", "queue", "id"),
  },
  {
    ...shared,
    path: `${event}/fail`,
    name: "failEvent",
    summary:
      "A failure: the event is ready again after its backoff, or failed for good. The outcome is " +
      "null if that claim has ended. The token * stands for any claim.",
    command: "QFAIL",
    fields: {
      token,
      error: field.bytes("ERROR"),
      delay: field.option("DELAY", field.number),
      at: field.option("AT", field.number),
      final: field.flag("FINAL"),
    },
    answer: shape.under("outcome", shape.word(["ready", "delayed", "failed", "removed"])),
    run: call("QFAIL", "queue", "id", "token"),
  },
  {
    ...shared,
    path: `${event}/touch`,
    name: "touchEvent",
    summary:
      "The lease ends so many seconds from now, else as long as when it was popped. The outcome " +
      "is `cancelled` if the consumer should stop, null if that claim has ended.",
    command: "QTOUCH",
    fields: {
      token,
      lease: field.option("LEASE", field.number),
      progress: field.bytes("PROGRESS"),
      log: field.bytes("LOG"),
    },
    answer: shape.under("outcome", touched),
    run: call("QTOUCH", "queue", "id", "token"),
  },
  {
    ...shared,
    path: `${event}/next`,
    name: "nextEvent",
    summary:
      "Acknowledges a claim, at once, and pops from this queue or from `queues`. The claim may " +
      "have ended; that does not hinder the pop.",
    command: "QNEXT",
    fields: {
      token,
      result: field.bytes("RESULT"),
      ...popFields,
      weights: list("WEIGHTS", field.integer),
      queues: bytesList(null),
    },
    answer: shape.tuple({ acked: shape.boolean, events: shape.list(popped) }),
    pops: (input) => popsOf(input, queuesOf(input)),
    run(input, commands) {
      const claim = input.words("queue", "id", "token");
      const options = input.options("token", "queues");
      return commands.run("QNEXT", ...claim, ...options, "FROM", ...queuesOf(input));
    },
  },
  {
    ...shared,
    path: `${queue}/ack`,
    name: "ackEvents",
    summary: "Acknowledges up to 1,000 claims in one step.",
    command: "QMACK",
    fields: { claims },
    answer: shape.under("acked", shape.list(shape.boolean)),
    run: call("QMACK", "queue", "claims"),
  },
  {
    ...shared,
    path: `${queue}/touch`,
    name: "touchEvents",
    summary: "Touches up to 1,000 claims in one step.",
    command: "QMTOUCH",
    fields: { claims, lease: field.option("LEASE", field.number) },
    answer: shape.under("outcomes", shape.list(touched)),
    run: (input, commands) => {
      const words = input.words("queue", "lease");
      return commands.run("QMTOUCH", ...words, "CLAIMS", ...input.words("claims"));
    },
  },
];
