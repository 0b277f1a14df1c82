// The socket of a client, as far as connections use it: a socket of Bun, or its stand-in within
// the process (testing/).

export interface ClientSocket<Data = unknown> {
  data: Data;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Takes some of bytes[from, from + length). Returns how many, or -1 when it is closed. */
  write(bytes: Buffer, from: number, length: number): number;
  /** Reads no more until resume(). */
  pause(): void;
  resume(): void;
  setKeepAlive(isOn: boolean, initialDelayMs: number): void;
  /** Half-closes it: the client reads the end, and may still send. */
  shutdown(): void;
  /** Closes it once it has sent what it took. */
  close(): void;
  /** Closes it at once, as a reset. */
  terminate(): void;
}
