// Reads from the results of stream operations which events they pushed, took and ended. Counts and
// reports are made of that.
import type { FailOutcome, Popped } from "./event.ts";
import type { Operation } from "./operations.ts";
import type { StreamAckOutcome, StreamClaimed, StreamEnded, StreamTaken } from "./streams.ts";

/** Is told of each event. */
export interface StreamListener {
  pushed(queue: Buffer, id: Buffer): void;
  /** claimant: null if it is gone. */
  popped(popped: Popped, claimant: Buffer | null): void;
  acked(queue: Buffer, id: Buffer): void;
  failed(queue: Buffer, id: Buffer, outcome: FailOutcome): void;
}

/** Tells what the operation did, by its result; nothing for any other operation. */
export function tellStreamChanges(
  operation: Operation,
  result: unknown,
  listener: StreamListener,
): void {
  // Nothing was done.
  if (result === null || typeof result === "string") return;
  switch (operation.kind) {
    case "streamAdd":
      listener.pushed(operation.queue, result as Buffer);
      break;
    case "streamTake": {
      const claimant = operation.isForGood ? null : operation.claimant;
      for (const popped of (result as StreamTaken).popped) listener.popped(popped, claimant);
      break;
    }
    case "streamClaim": {
      if (!operation.isCounted) break;
      const { claimant } = operation;
      for (const { popped } of (result as StreamClaimed).claimed) listener.popped(popped, claimant);
      break;
    }
    case "streamAck": {
      const { queue, outcomes } = result as StreamEnded<StreamAckOutcome>;
      for (let at = 0; at < outcomes.length; at++) {
        if (outcomes[at] !== "none") listener.acked(queue, operation.ids[at]!);
      }
      break;
    }
    case "streamNack": {
      if (operation.how === "redo") break;
      const { queue, outcomes } = result as StreamEnded<FailOutcome>;
      for (let at = 0; at < outcomes.length; at++) {
        const outcome = outcomes[at]!;
        if (outcome !== null) listener.failed(queue, operation.ids[at]!, outcome);
      }
    }
  }
}
