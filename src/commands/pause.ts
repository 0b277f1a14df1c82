// QPAUSE and QRESUME: a paused queue takes no pushes, or hands out nothing.
import { OWN_GROUPS_MAX } from "../queue/groups.ts";
import { type Pause, PAUSED_WORKERS_MAX, type Resume } from "../queue/management.ts";
import type { Direction } from "../queue/queue-status.ts";
import { OK } from "../resp/reply.ts";
import { checkNew, checkWorker } from "./arguments.ts";
import { type QueueCommand, queueCommand } from "./command.ts";
import { type CommandError, commandError } from "./errors.ts";
import { demandRight } from "./permission.ts";
import { checkGroup } from "./push-options.ts";
import type { Caller } from "./caller.ts";
import { Submission } from "./submission.ts";
import type { Options } from "./syntax-types.ts";

const DIRECTIONS = "[IN|OUT|ALL]";
const PART = "[GROUP group|WORKER worker]";

type Given = Options<typeof DIRECTIONS> & Options<typeof PART>;

/**
 * The directions that are named, else null. Throws if the client may not pause in these, or if a
 * group or worker is not paused OUT.
 */
function directionsOf(command: string, given: Given, client: Caller): Direction[] | null {
  const { IN, OUT, ALL, GROUP, WORKER } = given;
  if (GROUP || WORKER) {
    const other = IN ? "IN" : ALL ? "ALL" : null;
    const option = GROUP ? "GROUP" : "WORKER";
    if (other) throw commandError("exclusiveOptions", { option, other });
    if (GROUP) checkGroup(GROUP);
    if (WORKER) checkWorker(WORKER);
    return ["out"];
  }
  if (OUT) return ["out"];
  if (!IN && !ALL) return null;
  demandRight("manage", command, client);
  return IN ? ["in"] : ["in", "out"];
}

/** A limit, a rate or a pause would be the first of its own that a group has. */
export function tooManyGroups(): CommandError {
  const max = OWN_GROUPS_MAX;
  const things = "groups with a limit, a rate or a pause of their own";
  return commandError("tooMany", { things, count: max + 1, max });
}

/** Those in which the client may pause. */
function allowedDirections({ user }: Caller): Direction[] {
  return user!.may("manage") ? ["in", "out"] : ["out"];
}

const shared = {
  group: "queue",
  access: "consume or manage",
  since: "0.1.0",
  flags: ["write"],
} as const;

export const pauseCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QPAUSE",
    syntax: `queue ${DIRECTIONS} [FOR seconds>0] ${PART}`,
    summary:
      "OUT (the default): hands out nothing more, claims go on. IN: refuses pushes with PAUSED, " +
      "which needs the right manage. FOR: for so long. GROUP: nothing of that group of events. " +
      "WORKER: nothing to that worker.",
    run([, queue], { FOR = null, ...given }, { client, context }) {
      checkNew("queue name", queue, context);
      const directions = directionsOf("QPAUSE", given, client) ?? ["out"];
      const { WORKER: worker = null, GROUP: group = null } = given;
      const pause: Pause = { kind: "pause", queue, directions, forMs: FOR, worker, group };
      return Submission.one(pause, (isDone) => {
        if (isDone) return OK;
        if (group) throw tooManyGroups();
        const max = PAUSED_WORKERS_MAX;
        throw commandError("tooMany", { things: "paused workers", count: max + 1, max });
      });
    },
  }),
  queueCommand({
    ...shared,
    name: "QRESUME",
    syntax: `queue ${DIRECTIONS} ${PART}`,
    summary:
      "Ends the pauses of a queue, all of them or those IN or OUT, or the pause of a GROUP of " +
      "events or of a WORKER. Without the right manage only those OUT.",
    run([, queue], given, { client }) {
      const directions = directionsOf("QRESUME", given, client) ?? allowedDirections(client);
      const { WORKER: worker = null, GROUP: group = null } = given;
      const resume: Resume = { kind: "resume", queue, directions, worker, group };
      return Submission.one(resume, () => OK);
    },
  }),
];
