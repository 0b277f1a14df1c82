// The body of a request: bounded in bytes and in time. All bodies in memory share a budget.
import type { Budget } from "../commands/budget.ts";
import type { Clock } from "../queue/clock.ts";
import { Problem } from "./problem.ts";

/** It may be late by this time against a rate of one portion in a second. */
const MS_MAX = 30_000;
const PORTION_BYTES = 32 * 1024;
const SMALL_BYTES_MAX = 64 * 1024;

/** Base64, and what stands around the contents of an event. */
const MORE_BYTES = 1024 * 1024;

/** A body of JSON with one event. */
export function bodyBytesMax(maxEventBytes: number): number {
  return Math.ceil((maxEventBytes * 4) / 3) + MORE_BYTES;
}

type Reader = Pick<ReadableStreamDefaultReader<Uint8Array>, "read" | "cancel">;

export class RequestBody {
  readonly #request: Request;
  readonly #budget: Budget;
  readonly #clock: Clock;
  #isAtEnd = false;
  #whole: Promise<Buffer> | null = null;
  #takenBytes = 0;

  constructor(request: Request, { bodies, clock }: { bodies: Budget; clock: Clock }) {
    this.#request = request;
    this.#budget = bodies;
    this.#clock = clock;
  }

  /** The client may still send a part of it. */
  get isPending(): boolean {
    return !this.#isAtEnd && this.#request.body !== null;
  }

  /** All of it. Rejects with a Problem if it has more than bytesMax bytes or is too slow. */
  whole(bytesMax: number): Promise<Buffer> {
    return (this.#whole ??= this.#read(bytesMax));
  }

  /** All of it if somebody has asked for that; else null. */
  get read(): Promise<Buffer> | null {
    return this.#whole;
  }

  async #read(bytesMax: number): Promise<Buffer> {
    const length = this.#request.headers.get("Content-Length");
    if (Number(length) > bytesMax) throw tooLarge(bytesMax);
    if (length !== null && Number(length) <= SMALL_BYTES_MAX) return await this.#small();
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of this.chunks()) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw tooLarge(bytesMax);
      this.#take(chunk.length);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, bytes);
  }

  /** As it arrives. Only the time of arriving counts. Rejects with a Problem if it is too slow. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const reader: Reader | undefined = this.#request.body?.getReader();
    if (!reader) return;
    let leftMs = MS_MAX;
    try {
      for (;;) {
        const beganAtMs = this.#clock.nowMs();
        const chunk = await this.#portion(reader, leftMs);
        if (chunk === null) break;
        const tookMs = this.#clock.nowMs() - beganAtMs;
        leftMs = Math.min(leftMs - tookMs + (1000 * chunk.length) / PORTION_BYTES, MS_MAX);
        yield chunk;
      }
      this.#isAtEnd = true;
    } finally {
      if (!this.#isAtEnd) reader.cancel().catch(() => {});
    }
  }

  /** It is not needed any more. */
  release(): void {
    this.#budget.release(this.#takenBytes);
    this.#takenBytes = 0;
  }

  /** In one piece, which takes half the time. */
  async #small(): Promise<Buffer> {
    const bytes = Buffer.from(await this.#within(MS_MAX, this.#request.arrayBuffer()));
    this.#isAtEnd = true;
    this.#take(bytes.length);
    return bytes;
  }

  async #portion(reader: Reader, leftMs: number): Promise<Uint8Array | null> {
    const { done, value } = await this.#within(leftMs, reader.read());
    return done ? null : value!;
  }

  /** Rejects with a Problem if it takes longer, or is cut off. */
  async #within<T>(leftMs: number, arriving: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const cancelTimer = this.#clock.after(leftMs, () => late.reject(tooSlow()));
    try {
      return await Promise.race([arriving, late.promise]);
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem(400, "the body was cut off");
    } finally {
      cancelTimer();
    }
  }

  #take(bytes: number): void {
    // A request without contents is not refused for those of others.
    if (bytes === 0) return;
    if (this.#budget.isFull) throw tooManyBytes();
    this.#budget.take(bytes);
    this.#takenBytes += bytes;
  }
}

export function tooManyBytes(): Problem {
  const detail = "the requests in progress have too many bytes, see max-waiting-bytes";
  return new Problem(503, detail, null, { "Retry-After": "1" });
}

function tooLarge(bytesMax: number): Problem {
  return new Problem(413, `the body has more than ${bytesMax} bytes`);
}

function tooSlow(): Problem {
  return new Problem(408, "the body comes too slowly");
}
