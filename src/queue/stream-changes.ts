// Reads from the results of stream operations which events they pushed, took and ended. Counts and
// reports are made of that.
import type { FailOutcome, Popped } from "./event.ts";
import { TOO_LARGE, WRONG_TYPE } from "./lists.ts";
import type { Operation } from "./operations.ts";
import {
  NO_GROUP,
  NO_MORE_IDS,
  SMALLER_ID,
  type StreamAckOutcome,
  type StreamClaimed,
  type StreamEnded,
  type StreamTaken,
} from "./streams.ts";

/** An event of that queue that a stream operation pushed, acknowledged or failed. */
interface StreamEvent {
  queue: Buffer;
  id: Buffer;
}

export type StreamChange =
  | ({ kind: "pushed" | "acked" } & StreamEvent)
  | ({ kind: "failed"; outcome: FailOutcome } & StreamEvent)
  | { kind: "popped"; popped: Popped; claimant: Buffer | null };

const NO_CHANGES: StreamChange[] = [];
const NOTHING_DONE: ReadonlySet<unknown> = new Set([
  null,
  WRONG_TYPE,
  TOO_LARGE,
  NO_GROUP,
  SMALLER_ID,
  NO_MORE_IDS,
]);

/** What the operation did, by its result; nothing for any other operation. */
export function streamChanges(operation: Operation, result: unknown): StreamChange[] {
  if (NOTHING_DONE.has(result)) return NO_CHANGES;
  switch (operation.kind) {
    case "streamAdd":
      return [{ kind: "pushed", queue: operation.queue, id: result as Buffer }];
    case "streamTake": {
      const claimant = operation.isForGood ? null : operation.claimant;
      const { popped } = result as StreamTaken;
      return popped.map((each) => ({ kind: "popped", popped: each, claimant }));
    }
    case "streamClaim": {
      if (!operation.isCounted) return NO_CHANGES;
      const { claimant } = operation;
      const { claimed } = result as StreamClaimed;
      return claimed.map(({ popped }) => ({ kind: "popped", popped, claimant }));
    }
    case "streamAck": {
      const { queue, outcomes } = result as StreamEnded<StreamAckOutcome>;
      const acked = operation.ids.filter((_, at) => outcomes[at] !== "none");
      return acked.map((id) => ({ kind: "acked", queue, id }));
    }
    case "streamNack": {
      if (operation.how === "redo") return NO_CHANGES;
      const { queue, outcomes } = result as StreamEnded<FailOutcome>;
      return operation.ids.flatMap((id, at): StreamChange[] => {
        const outcome = outcomes[at]!;
        return outcome === null ? [] : [{ kind: "failed", queue, id, outcome }];
      });
    }
    default:
      return NO_CHANGES;
  }
}
