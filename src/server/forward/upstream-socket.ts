// The socket to the okq that serves, as links use it.
import type { ServingOkq } from "../../queue/serving-okq.ts";

/** How okq finds another one. */
export type Place = Pick<ServingOkq, "addr" | "isTls" | "certificate">;

export interface UpstreamHandlers {
  data(chunk: Buffer): void;
  /** The socket can take more. */
  drained(): void;
  /** It is closed, for that reason. Also called if it was never open. */
  closed(reason: string): void;
}

export interface UpstreamSocket {
  /** Takes some of bytes[from, from + length). Returns how many, or -1 when it is closed. */
  write(bytes: Buffer, from: number, length: number): number;
  pause(): void;
  resume(): void;
  /** Half-closes it. */
  shutdown(): void;
  terminate(): void;
}

/**
 * Resolves to a socket that can be written. Rejects with the reason in a line; then `closed` is not
 * called.
 */
export type OpenUpstream = (place: Place, handlers: UpstreamHandlers) => Promise<UpstreamSocket>;
