// The body of a response. A large one is sent piece by piece, and counts as unsent until then.
import type { Budget } from "../commands/budget.ts";
import { onceOver } from "./once-over.ts";
import { Problem } from "./problem.ts";

/** A smaller body mostly leaves okq at once. */
const COUNTED_BYTES_MIN = 64 * 1024;
const PIECE_BYTES = 256 * 1024;

type Body = ConstructorParameters<typeof Response>[0];

/** `gone` aborts when the client is gone. Throws a Problem while clients have too much unread. */
export function unsentBody(bytes: Buffer, unsent: Budget, gone: AbortSignal): Body {
  // Nobody reads the response of a client that is gone.
  if (bytes.length < COUNTED_BYTES_MIN || gone.aborted) return bytes;
  if (unsent.isFull) {
    const detail = "too many bytes of answers are not read by clients: try again later";
    throw new Problem(503, detail, null, { "Retry-After": "1" });
  }
  unsent.take(bytes.length);
  const release = onceOver(gone, () => unsent.release(bytes.length));
  async function* pieces(): AsyncGenerator<Buffer> {
    try {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        yield bytes.subarray(at, at + PIECE_BYTES);
      }
    } finally {
      release();
    }
  }
  return pieces() as unknown as Body;
}
