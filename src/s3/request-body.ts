// The body of a request: its hash, and the stream that it is sent as. Long bodies are done piece by
// piece, so that nothing else has to wait for a snapshot.

/** About 0.1 ms of hashing. */
const PIECE_BYTES = 131_072;
const QUEUE_NOTHING = { highWaterMark: 0 };

/** In hexadecimal digits. */
export async function sha256(body: Uint8Array): Promise<string> {
  const hash = new Bun.SHA256();
  for (let at = 0; at < body.byteLength; at += PIECE_BYTES) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve));
    hash.update(body.subarray(at, at + PIECE_BYTES));
  }
  return hash.digest("hex");
}

/**
 * Bun sends a PUT with bytes again by itself, up to once per idle connection, if a connection that
 * it used before closes without an answer. Its caller would not learn that the object store may
 * have done it twice. A stream is sent only once.
 */
export class RequestBody {
  readonly #bytes: Uint8Array;
  #sent = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /**
   * Bun takes the pieces once it is connected. An object store that lacks the last one, which the
   * Content-Length promises, does nothing.
   */
  get isWhole(): boolean {
    return this.#sent >= this.#bytes.byteLength;
  }

  stream(): ReadableStream {
    return new ReadableStream({ pull: (controller) => this.#pull(controller) }, QUEUE_NOTHING);
  }

  #pull(controller: ReadableStreamDefaultController): void {
    const piece = this.#bytes.subarray(this.#sent, this.#sent + PIECE_BYTES);
    this.#sent += piece.byteLength;
    if (piece.byteLength > 0) controller.enqueue(piece);
    if (this.isWhole) controller.close();
  }
}
