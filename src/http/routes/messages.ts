// The route of messages of what happens in queues, as they come.
import { commandError } from "../../commands/errors.ts";
import { REPORTED } from "../../queue/report.ts";
import { EventStream, type Wanted } from "../event-stream.ts";
import * as field from "../fields.ts";
import { bytesList, list, repeated } from "../list-fields.ts";
import { Problem } from "../problem.ts";
import type { Input, StreamRoute } from "../route.ts";
import type { Visit } from "../visits.ts";

/** Each keeps up to a mebibyte of messages that its client does not read. */
const STREAMS_MAX = 1000;

function wantedBy(input: Input, { caller }: Visit): Wanted {
  const types = input.words("type") as string[];
  const queues = input.words("queue");
  const [match] = input.words("match");
  if (queues.length > 0 && match !== undefined) {
    throw new Problem(400, "give queue or match, not both");
  }
  if (queues.length === 0 && !caller.user!.may("inspect")) {
    throw commandError("noCommandRight", { user: caller.user!.name, command: "psubscribe" });
  }
  const names = queues.length > 0 ? queues : [match ?? "*"];
  return {
    kind: queues.length > 0 ? "channel" : "pattern",
    names: names.map((name) => (Buffer.isBuffer(name) ? name : Buffer.from(String(name)))),
    types: types.length > 0 ? new Set(types) : null,
  };
}

async function openStream(input: Input, visit: Visit): Promise<Response> {
  const { caller, context, streams } = visit;
  const wanted = wantedBy(input, visit);
  if (streams.open >= STREAMS_MAX) {
    throw new Problem(503, "too many streams of messages", null, { "Retry-After": "10" });
  }
  streams.open += 1;
  const stream = await EventStream.open(caller, context, wanted, () => {
    streams.open -= 1;
    visit.end();
  });
  return new Response(stream.frames() as unknown as ReadableStream, {
    headers: { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" },
  });
}

export const messageRoutes: StreamRoute[] = [
  {
    method: "GET",
    path: "/v1/events",
    name: "streamMessages",
    summary:
      "Messages of what happens in queues, as they come: of these queues, of those that fit the " +
      "glob `match`, or of all; only those of a `type`, if any is given. `lost` says how many " +
      "messages a client has lost that reads too slowly.",
    tag: "Messages",
    command: "SUBSCRIBE",
    fields: {
      queue: repeated(bytesList(null)),
      match: field.bytes(null),
      type: repeated(list(null, field.oneOf(...REPORTED))),
    },
    mediaType: "text/event-stream",
    schema: { type: "string" },
    open: openStream,
  },
];
