// Routes that end and extend claims.
import * as field from "../fields.ts";
import { call, type Route } from "../route.ts";
import { boolean, nullable, text, under } from "../shapes.ts";

const shared = { method: "POST", tag: "Claims" } as const;
const event = "/v1/queues/{queue}/events/{id}";
const token = field.required(field.text);

export const claimRoutes: Route[] = [
  {
    ...shared,
    path: `${event}/ack`,
    name: "ackEvent",
    summary: "Acknowledges a claim: the event is done. False if that claim has ended.",
    command: "QACK",
    fields: {
      token: field.option("TOKEN", field.text),
      redo: field.flag("REDO"),
      delay: field.option("DELAY", field.number),
      at: field.option("AT", field.number),
      result: field.bytes("RESULT"),
    },
    answer: under("acked", boolean),
    run: call("QACK", "queue", "id"),
  },
  {
    ...shared,
    path: `${event}/fail`,
    name: "failEvent",
    summary:
      "A failure: the event is ready again after its backoff, or failed for good. The outcome is " +
      "null if that claim has ended.",
    command: "QFAIL",
    fields: {
      token,
      error: field.bytes("ERROR"),
      delay: field.option("DELAY", field.number),
      at: field.option("AT", field.number),
      final: field.flag("FINAL"),
    },
    answer: under("outcome", nullable(text)),
    run: call("QFAIL", "queue", "id", "token"),
  },
];
