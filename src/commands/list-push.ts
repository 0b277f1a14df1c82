// LPUSH, RPUSH, LPUSHX and RPUSHX: events in, under ids that okq makes.
import type { End } from "../queue/event.ts";
import { LIST_STEP_MAX, type ListPush } from "../queue/lists.ts";
import type { ResultOf } from "../queue/operations.ts";
import { checkBatch, checkNew } from "./arguments.ts";
import type { StoreCommand } from "./command.ts";
import { resultOf } from "./list-arguments.ts";

function pushCommand(
  name: string,
  { end, ifThere }: Pick<ListPush, "ifThere"> & { end: End },
  summary: string,
): StoreCommand {
  return {
    name,
    syntax: "queue element [element ...]",
    summary,
    group: "list",
    access: "push",
    since: "0.1.0",
    flags: ["write", "denyoom", "fast"],
    parse([, queue, ...contents], context): ListPush {
      checkNew("queue name", queue!, context);
      checkBatch("elements", contents, LIST_STEP_MAX, context);
      return { kind: "listPush", queue: queue!, end, contents, ifThere };
    },
    reply(result, operation, { stats }) {
      const { queue } = operation as ListPush;
      const { ids, length } = resultOf(result as ResultOf<ListPush>, queue);
      stats.pushes += ids.length;
      return length;
    },
  };
}

export const listPushCommands: StoreCommand[] = [
  pushCommand(
    "LPUSH",
    { end: "left", ifThere: false },
    "Pushes events at the left end of a queue, one after the other in one step; how many events " +
      `are ready then. okq makes their ids. At most ${LIST_STEP_MAX} at once, with together no ` +
      "more bytes than the largest event may have.",
  ),
  pushCommand(
    "RPUSH",
    { end: "right", ifThere: false },
    "As LPUSH, at the right end: the last one is the next one out.",
  ),
  pushCommand("LPUSHX", { end: "left", ifThere: true }, "As LPUSH, if any event is ready; else 0."),
  pushCommand(
    "RPUSHX",
    { end: "right", ifThere: true },
    "As RPUSH, if any event is ready; else 0.",
  ),
];
