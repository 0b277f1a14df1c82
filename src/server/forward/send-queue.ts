// Commands on their way to a socket. What the socket does not take stays as it is, without a copy.
import { Encoded, Output } from "../../resp/reply.ts";

/** Arguments of this size are not copied into one buffer with others. */
const LARGE_BYTES_MIN = 16 * 1024;
/** What a queue keeps of its memory when it is empty. */
const KEPT_BYTES_MAX = 4 * 1024;

interface Sink {
  write(bytes: Buffer, from: number, length: number): number;
}

export class SendQueue {
  readonly #output = new Output(KEPT_BYTES_MAX);
  #unsent: Buffer[] = [];
  /** Bytes of the first piece that the socket has taken. */
  #taken = 0;
  #addedBytes = 0;
  #sentBytes = 0;

  /** Bytes of all commands that were added. */
  get addedBytes(): number {
    return this.#addedBytes + this.#output.length;
  }

  /** Bytes that the socket has taken. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  get unsentBytes(): number {
    return this.addedBytes - this.#sentBytes;
  }

  add(args: Buffer[]): void {
    const output = this.#output;
    if (args.every(({ length }) => length < LARGE_BYTES_MIN)) return output.write(args, 2);
    output.writeArrayHeader(args.length);
    for (const argument of args) {
      if (argument.length < LARGE_BYTES_MIN) output.write(argument, 2);
      else {
        output.write(Encoded.bulkHead(argument.length), 2);
        this.#endPiece();
        this.#addPiece(argument);
        output.write(Encoded.LINE_END, 2);
      }
    }
  }

  /** Gives the socket what it takes now, in order. */
  sendTo(socket: Sink): void {
    this.#endPiece();
    let count = 0;
    for (; count < this.#unsent.length; count++) {
      const piece = this.#unsent[count]!;
      const left = piece.length - this.#taken;
      const taken = Math.max(0, socket.write(piece, this.#taken, left));
      this.#sentBytes += taken;
      this.#taken += taken;
      if (taken < left) break;
      this.#taken = 0;
    }
    this.#unsent.splice(0, count);
  }

  #endPiece(): void {
    if (this.#output.length === 0) return;
    this.#addPiece(Buffer.from(this.#output.bytes()));
    this.#output.clear();
  }

  #addPiece(piece: Buffer): void {
    this.#unsent.push(piece);
    this.#addedBytes += piece.length;
  }
}
