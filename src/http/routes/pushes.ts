// The route that pushes events: one in JSON or as it is, or many as lines of JSON.
import { contents } from "../fields.ts";
import * as field from "../fields.ts";
import type { Given } from "../fields.ts";
import { openStream } from "../open-stream.ts";
import { PushedLines } from "../pushed-lines.ts";
import { readAhead } from "../read-ahead.ts";
import { bodyBytesMax } from "../request-body.ts";
import { call, type CommandRoute, type StreamRoute } from "../route.ts";
import * as shape from "../shapes.ts";
import { onDuplicate, place, pushOptions } from "./push-fields.ts";

const fields = {
  contents: contents(null, true),
  id: field.bytes("ID"),
  ...place,
  ...pushOptions,
  onDuplicate,
};

const TRACE = "traceparent";
/** Of W3C Trace Context. */
const TRACE_PARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}(-|$)/;

/** An event without a header `traceparent` gets that of the request. */
function complete(given: Given, request: Request): Given {
  const parent = request.headers.get(TRACE);
  if (parent === null || !TRACE_PARENT.test(parent)) return given;
  const { headers = {} } = given;
  // If it is no object, its field says so.
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) return given;
  const hasOne = Object.keys(headers).some((name) => name.toLowerCase() === TRACE);
  return hasOne ? given : { ...given, headers: { ...headers, [TRACE]: parent } };
}

const lines: StreamRoute["open"] = async (input, visit, exchange) => {
  const { request } = exchange;
  const pushes = new PushedLines(visit.commands, {
    queue: input.words("queue")[0] as Buffer,
    fields,
    lineBytesMax: bodyBytesMax(visit.context.settings.maxEventBytes),
    complete: (given) => complete(given, request),
  });
  const { unsent } = visit.context.budgets;
  const answers = readAhead(pushes.answers(exchange.chunks()), unsent, request.signal);
  return await openStream(answers, "application/x-ndjson", visit);
};

export const pushRoute: CommandRoute = {
  method: "POST",
  path: "/v1/queues/{queue}/events",
  name: "pushEvent",
  summary:
    "Pushes an event. Without an id okq makes one. If the id or the unique key is taken, the " +
    "answer is 409, unless `onDuplicate` says otherwise.",
  tag: "Events",
  command: "QPUSH",
  status: 201,
  fields,
  complete,
  octetsField: "contents",
  lines,
  answer: shape.under("id", shape.bytes),
  run: call("QPUSH", "queue", "contents"),
};
