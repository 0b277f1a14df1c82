// Makes a client from an address and options.
import { hostname } from "node:os";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import { type Clock, systemClock } from "../queue/clock.ts";
import { parseAddress } from "./address.ts";
import { Okq } from "./okq.ts";
import { Session } from "./session.ts";
import type { Trace } from "./trace.ts";

export interface ConnectOptions {
  /** In place of the user and the password in the address. */
  readonly username?: string;
  readonly password?: string;
  /** The name of the connections, and of its workers. By default host:pid. */
  readonly name?: string;
  /** With it okq:// addresses use TLS too. For an authority of your own: `{ ca }`. */
  readonly tls?: ConnectionOptions;
  /** A connection on which okq is silent for so long although it should answer is given up. */
  readonly commandTimeoutMs?: number;
  /** How long a command waits for a connection, and is sent again if it may be. */
  readonly retryMs?: number;
  readonly trace?: Trace;
  readonly clock?: Clock;
  /** Makes the streams to okq in place of sockets. */
  readonly stream?: () => Promise<Duplex>;
}

const COMMAND_TIMEOUT_MS = 10_000;
const RETRY_MS = 30_000;

/**
 * A client of the okq at that address: by default $OKQ_ADDR, else okq://127.0.0.1:4777. It does not
 * wait: it connects for the first command. Throws a RangeError if the address cannot be read.
 */
export function connect(
  address: string = process.env["OKQ_ADDR"] || "okq://127.0.0.1",
  options: ConnectOptions = {},
): Okq {
  const { username, password, name = `${hostname()}:${process.pid}` } = options;
  const parsed = parseAddress(address);
  if (!/^[!-~]{1,256}$/.test(name)) {
    throw new RangeError(`the name of a client is 1 to 256 characters of ASCII, got '${name}'`);
  }
  return new Okq(
    new Session({
      address: {
        ...parsed,
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
      },
      name,
      tls: options.tls,
      stream: options.stream,
      commandTimeoutMs: positive("commandTimeoutMs", options.commandTimeoutMs, COMMAND_TIMEOUT_MS),
      retryMs: positive("retryMs", options.retryMs, RETRY_MS),
      trace: options.trace,
      clock: options.clock ?? systemClock,
    }),
  );
}

function positive(name: string, given: number | undefined, byDefault: number): number {
  const ms = given ?? byDefault;
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new RangeError(`${name} must be a number of milliseconds from 0 on, got ${ms}`);
}
