// QPAUSE and QRESUME: a paused queue takes no pushes, or hands out nothing.
import { type Pause, PAUSED_WORKERS_MAX, type Resume } from "../queue/management.ts";
import type { Direction } from "../queue/queue-status.ts";
import { OK } from "../resp/reply.ts";
import { checkNew, checkWorker } from "./arguments.ts";
import { type QueueCommand, queueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { demandRight } from "./permission.ts";
import type { Caller } from "./caller.ts";
import { Submission } from "./submission.ts";
import type { Options } from "./syntax-types.ts";

const DIRECTIONS = "[IN|OUT|ALL]";

type Given = Options<typeof DIRECTIONS> & { WORKER?: Buffer };

/**
 * The directions that are named, else null. Throws if the client may not pause in these, or if a
 * worker is not paused OUT.
 */
function directionsOf(command: string, given: Given, client: Caller): Direction[] | null {
  const { IN, OUT, ALL, WORKER } = given;
  if (WORKER) {
    const other = IN ? "IN" : ALL ? "ALL" : null;
    if (other) throw commandError("exclusiveOptions", { option: "WORKER", other });
    checkWorker(WORKER);
    return ["out"];
  }
  if (OUT) return ["out"];
  if (!IN && !ALL) return null;
  demandRight("manage", command, client);
  return IN ? ["in"] : ["in", "out"];
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
    syntax: `queue ${DIRECTIONS} [FOR seconds>0] [WORKER worker]`,
    summary:
      "OUT (the default): hands out nothing more, claims go on. IN: refuses pushes with PAUSED, " +
      "which needs the group manage. FOR: for so long. WORKER: only to that worker.",
    run([, queue], { FOR = null, ...given }, { client, context }) {
      checkNew("queue name", queue, context);
      const directions = directionsOf("QPAUSE", given, client) ?? ["out"];
      const worker = given.WORKER ?? null;
      const pause: Pause = { kind: "pause", queue, directions, forMs: FOR, worker, group: null };
      return Submission.one(pause, (isDone) => {
        if (isDone) return OK;
        const max = PAUSED_WORKERS_MAX;
        throw commandError("tooMany", { things: "paused workers", count: max + 1, max });
      });
    },
  }),
  queueCommand({
    ...shared,
    name: "QRESUME",
    syntax: `queue ${DIRECTIONS} [WORKER worker]`,
    summary:
      "Ends the pauses of a queue, all of them or those IN or OUT, or the pause of a WORKER. " +
      "Without the group manage only those OUT.",
    run([, queue], given, { client }) {
      const directions = directionsOf("QRESUME", given, client) ?? allowedDirections(client);
      const worker = given.WORKER ?? null;
      const resume: Resume = { kind: "resume", queue, directions, worker, group: null };
      return Submission.one(resume, () => OK);
    },
  }),
];
