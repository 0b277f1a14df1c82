// Which stream operations have changed something, by their results.
import type { StreamClaimed, StreamTaken } from "../../queue/streams.ts";
import type { Operation } from "./operation.ts";

interface Ended {
  outcomes: (string | null)[];
}

/** Texts of other results say that nothing was done. */
export function hasChangedStream(kind: Operation["kind"], result: unknown): boolean {
  if (kind === "streamCreateGroup") return result === "ok";
  if (result === null || typeof result === "string") return false;
  switch (kind) {
    case "streamTrim":
    case "streamRemove":
      return result !== 0;
    case "streamAck":
      return (result as Ended).outcomes.some((outcome) => outcome !== "none");
    case "streamNack":
      return (result as Ended).outcomes.some((outcome) => outcome !== null);
    case "streamDestroyGroup":
      return result === true;
    case "streamTake":
      return (result as StreamTaken).popped.length > 0;
    case "streamClaim":
      return (result as StreamClaimed).claimed.length > 0;
    case "streamAdd":
    case "streamCreateConsumer":
    case "streamDeleteConsumer":
      return true;
    default:
      return false;
  }
}
