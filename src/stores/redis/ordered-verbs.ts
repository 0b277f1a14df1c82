// The verbs that only the script "ordered" has: pushes with priorities and groups. They are in
// ordered/*.lua.
import { NO_OPTIONS, type PushOptions } from "../../queue/event.ts";
import type { Push, PushBatch } from "../../queue/operations.ts";
import { pushResults } from "./plain-verbs.ts";
import { madeIds } from "./token-verbs.ts";
import { Value } from "./value.ts";
import { type Argument, type Encoding, valueOf, type Verb } from "./verb.ts";

interface Pushed {
  id: Buffer | null;
  contents: Buffer;
  options: PushOptions;
}

function pushedIn({ events, options }: PushBatch): Pushed[] {
  return events.map(({ id, contents }) => ({ id, contents, options }));
}

function withOptions(pushes: Push[]): Pushed[] {
  return pushes.map(({ id, contents, options }) => ({
    id,
    contents,
    options: options ?? NO_OPTIONS,
  }));
}

function beginOf({ queue, end }: Push | PushBatch, encoding: Encoding): Argument[] {
  return [encoding.numberOf(queue), end === "left" ? "LEFT" : "RIGHT"];
}

const IN_GROUP = Buffer.from("=");

/** The priority, or nothing for 0, and behind it the group as it is in "groups", or nothing. */
function orderOf({ priority, group }: PushOptions): Argument {
  if (group === null) return priority ? String(priority) : "";
  return new Value(priority ? Buffer.from(`${priority}=`) : IN_GROUP, group);
}

function addMade(call: Argument[], pushed: Pushed[], encoding: Encoding): Argument[] {
  call.push(String(pushed.length));
  for (const { contents, options } of pushed) {
    call.push(valueOf(contents, options.headers, encoding));
  }
  for (const { options } of pushed) call.push(orderOf(options));
  return call;
}

function addNamed(call: Argument[], pushed: Pushed[], encoding: Encoding): Argument[] {
  for (const { id, contents, options } of pushed) {
    call.push(id!, valueOf(contents, options.headers, encoding), orderOf(options));
  }
  return call;
}

const pushMade: Verb<"push"> = {
  name: "push_made_in_order",
  call: (pushes, encoding) => addMade(beginOf(pushes[0]!, encoding), withOptions(pushes), encoding),
  results: (reply, pushes) => madeIds(reply, pushes.length),
};

const pushNamed: Verb<"push"> = {
  name: "push_in_order",
  call: (pushes, encoding) =>
    addNamed(beginOf(pushes[0]!, encoding), withOptions(pushes), encoding),
  results: pushResults,
};

const batchMade: Verb<"pushBatch"> = {
  name: "push_made_in_order",
  call: ([batch], encoding) => addMade(beginOf(batch!, encoding), pushedIn(batch!), encoding),
  results: (reply, [batch]) => [madeIds(reply, batch!.events.length)],
};

const batchNamed: Verb<"pushBatch"> = {
  name: "push_in_order",
  call: ([batch], encoding) => addNamed(beginOf(batch!, encoding), pushedIn(batch!), encoding),
  results: (reply, [batch]) => [pushResults(reply, batch!.events)],
};

export function orderedVerbOf(push: Push | PushBatch): Verb<"push"> | Verb<"pushBatch"> {
  if (push.kind === "push") return push.id === null ? pushMade : pushNamed;
  return push.events[0]!.id === null ? batchMade : batchNamed;
}
