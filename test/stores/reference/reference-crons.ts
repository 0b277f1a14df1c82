// Cron entries in the reference store.
import {
  type CronAt,
  type CronDelete,
  type CronDue,
  type CronFire,
  type CronGet,
  type CronList,
  type CronOutcome,
  type CronQueues,
  CRONS_MAX,
  type CronSet,
} from "../../../src/queue/cron-operations.ts";
import type { Refusal } from "../../../src/queue/errors.ts";
import type { Push, Results } from "../../../src/queue/operations.ts";
import { cronDueAtMs, type ReferenceState } from "./reference-state.ts";

type PushOne = (state: ReferenceState, push: Push) => Results["push"];

/** `push` is the operation of that name. */
export function cronOperations(push: PushOne) {
  return {
    cronSet(state: ReferenceState, { queue, name, version, definition }: CronSet): boolean {
      const { crons } = state.queue(textOf(queue));
      const known = crons.get(textOf(name));
      if (known?.version === version) return true;
      if (!known && crons.size >= CRONS_MAX) return false;
      const times = { setAtMs: state.nowMs, lastAtMs: null, nextAtMs: null };
      crons.set(textOf(name), { queue, name, version, definition, ...times });
      return true;
    },

    cronDelete: (state: ReferenceState, { queue, name }: CronDelete): boolean =>
      state.queue(textOf(queue)).crons.delete(textOf(name)),

    cronGet(state: ReferenceState, { queue, name }: CronGet): CronAt | null {
      const entry = state.queue(textOf(queue)).crons.get(textOf(name));
      return entry ? { entry, nowMs: state.nowMs } : null;
    },

    cronList(state: ReferenceState, { queue, after, limit }: CronList): Results["cronList"] {
      const all = [...state.queue(textOf(queue)).crons.values()];
      const sorted = all.toSorted((a, b) => a.name.compare(b.name));
      const left = sorted.filter(({ name }) => after === null || name.compare(after) > 0);
      const entries = left.slice(0, limit);
      return { entries, next: left.length > limit ? entries.at(-1)!.name : null };
    },

    cronQueues(state: ReferenceState, { after, limit }: CronQueues): Results["cronQueues"] {
      const used = state.usedQueues().filter((name) => state.queue(name).crons.size > 0);
      const left = used.map(bytesOf).filter((name) => after === null || name.compare(after) > 0);
      const queues = left.slice(0, limit);
      return { queues, next: left.length > limit ? queues.at(-1)! : null };
    },

    cronDue(state: ReferenceState, { limit }: CronDue): CronAt[] {
      const due = state.crons.filter((entry) => cronDueAtMs(entry) <= state.nowMs);
      const sorted = due.toSorted((a, b) => cronDueAtMs(a) - cronDueAtMs(b));
      return sorted.slice(0, limit).map((entry) => ({ entry, nowMs: state.nowMs }));
    },

    cronFire(state: ReferenceState, operation: CronFire): CronOutcome {
      const { queue, name, version, expectedAtMs, nextAtMs, firesAtMs } = operation;
      const { crons } = state.queue(textOf(queue));
      const entry = crons.get(textOf(name));
      if (entry?.version !== version || entry.nextAtMs !== expectedAtMs) return "stale";
      let outcome: CronOutcome = "moved";
      try {
        if (operation.push) outcome = push(state, { kind: "push", queue, ...operation.push });
      } catch (error) {
        const { code, queue: refusing } = error as Refusal;
        outcome = { code, refusing };
      }
      const lastAtMs = outcome instanceof Buffer ? firesAtMs : entry.lastAtMs;
      crons.set(textOf(name), { ...entry, lastAtMs, nextAtMs });
      return outcome;
    },
  };
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
