// A response that is made piece by piece while the client reads it.
import { onceOver } from "./once-over.ts";
import type { Visit } from "./visits.ts";

/**
 * The first piece is made at once; if that fails there is no response. The visit ends with the last
 * piece, or when the client is gone. Then no more pieces are made.
 */
export async function openStream(
  pieces: AsyncGenerator<Buffer>,
  mediaType: string,
  visit: Visit,
): Promise<Response> {
  const first = await pieces.next();
  const { gone } = visit.caller;
  const end = onceOver(gone, () => visit.end());
  // The response may never be read then.
  if (gone.aborted) end();
  async function* all(): AsyncGenerator<Buffer> {
    try {
      if (!first.done) yield first.value;
      yield* pieces;
    } catch (error) {
      // The client sees that the response is cut.
      if (!gone.aborted) visit.context.reportFailure("an HTTP response", error as Error);
      throw error;
    } finally {
      end();
    }
  }
  return new Response(all() as unknown as ReadableStream, {
    headers: { "Content-Type": mediaType, "X-Accel-Buffering": "no" },
  });
}
