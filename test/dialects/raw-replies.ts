// Splits what a server sends into replies, as bytes: nothing is decoded, so no difference is lost.

const AGGREGATES: Record<string, number> = { "*": 1, "~": 1, ">": 1, "%": 2 };

export class RawReplies {
  #bytes: Buffer = Buffer.alloc(0);

  feed(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
  }

  /** The next complete reply, or null. */
  next(): Buffer | null {
    const end = endOf(this.#bytes, 0);
    if (end === null) return null;
    const reply = this.#bytes.subarray(0, end);
    this.#bytes = this.#bytes.subarray(end);
    return reply;
  }

  /** The bytes behind the last complete reply. */
  get rest(): Buffer {
    return this.#bytes;
  }
}

/** The end of the value that begins there; null if it is incomplete. */
function endOf(bytes: Buffer, from: number): number | null {
  let at = from;
  for (let missing = 1; missing > 0; missing -= 1) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) return null;
    const type = String.fromCharCode(bytes[at]!);
    const length = Number(bytes.toString("latin1", at + 1, end));
    at = end + 2;
    if ("$=!".includes(type) && length >= 0) at += length + 2;
    if (at > bytes.length) return null;
    if (type in AGGREGATES) missing += Math.max(0, length) * AGGREGATES[type]!;
  }
  return at;
}
