// The body of a request: bounded in bytes and in time.
import type { Context } from "../commands/context.ts";
import { Problem } from "./problem.ts";

/** Base64 and what stands around the contents of an event. */
const MORE_BYTES = 1024 * 1024;

/** Base64 makes four bytes of three. */
export function bodyBytesMax({
  maxEventBytes,
}: Pick<Context["settings"], "maxEventBytes">): number {
  return Math.ceil((maxEventBytes * 4) / 3) + MORE_BYTES;
}

/** The body piece by piece, as fast as it is read. */
export async function* chunksOf({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body) yield* body;
}

/** Rejects with a Problem if it is too large. */
export async function readBody(
  request: Request,
  { settings }: Pick<Context, "settings">,
): Promise<Buffer> {
  const bytesMax = bodyBytesMax(settings);
  const announced = Number(request.headers.get("Content-Length") ?? 0);
  if (announced > bytesMax) throw tooLarge(bytesMax);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(bytesMax: number): Problem {
  return new Problem(413, `the body has more than ${bytesMax} bytes`);
}
