// Makes connections to okq and logs in: tries the addresses in turn.
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import type { Cancel, Clock } from "../../queue/clock.ts";
import { type Address, nameOf } from "../address.ts";
import { ConnectionError, OkqError, PermissionError } from "../errors.ts";
import { Connection } from "./connection.ts";
import { type Limits, openStream, within } from "./open-stream.ts";

const CONNECT_MS_MAX = 5_000;
const LIBRARY = "okq-client";

export interface OpenerOptions {
  readonly address: Address;
  readonly name: string;
  readonly tls: ConnectionOptions | undefined;
  readonly stream: (() => Promise<Duplex>) | undefined;
  readonly commandTimeoutMs: number;
  readonly clock: Clock;
}

export class Opener {
  readonly #options: OpenerOptions;
  /** The address to begin with: the one behind the last that was used. */
  #next = 0;

  constructor(options: OpenerOptions) {
    this.#options = options;
  }

  /** Resolves to a connection that is logged in. Rejects with an OkqError that says why not. */
  async open(signal: AbortSignal): Promise<Connection> {
    const { address, stream, tls, clock } = this.#options;
    const limits = { timeoutMs: this.#ms, clock, signal };
    if (stream) return await this.#openOver(ownStream(stream, limits), "okq", signal);
    const { endpoints } = address;
    const errors: ConnectionError[] = [];
    for (const _ of endpoints) {
      const endpoint = endpoints[this.#next % endpoints.length]!;
      this.#next += 1;
      try {
        const opened = openStream(endpoint, tls, limits);
        return await this.#openOver(opened, nameOf(endpoint), signal);
      } catch (error) {
        if (!(error instanceof ConnectionError) || signal.aborted) throw error;
        errors.push(error);
      }
    }
    // Another attempt is in vain only if it is at every address.
    const { cause } = errors.find((error) => !isHopeless(error)) ?? errors[0]!;
    throw new ConnectionError(errors.map(({ message }) => message).join("; "), "none", { cause });
  }

  get #ms(): number {
    return Math.min(CONNECT_MS_MAX, this.#options.commandTimeoutMs);
  }

  async #openOver(
    opened: Promise<Duplex>,
    place: string,
    signal: AbortSignal,
  ): Promise<Connection> {
    let connection: Connection | null = null;
    let cancel: Cancel = () => {};
    const giveUp = () => connection?.cut("given up");
    signal.addEventListener("abort", giveUp);
    try {
      connection = await Connection.over(await opened);
      const late = `no answer within ${this.#ms} ms`;
      cancel = this.#options.clock.after(this.#ms, () => connection!.cut(late));
      if (signal.aborted) giveUp();
      await this.#logIn(connection);
      return connection;
    } catch (error) {
      connection?.cut("not used");
      throw this.#errorOf(error as Error, connection, place);
    } finally {
      cancel();
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** All in one write. The first refusal is the one that counts. */
  async #logIn(connection: Connection): Promise<void> {
    const { address, name } = this.#options;
    const { username, password } = address;
    const words = password === undefined ? [] : ["AUTH", ...(username ? [username] : []), password];
    const asked = [
      ...(words.length > 0 ? [connection.ask(words).catch(acceptNoPassword)] : []),
      connection.ask(["CLIENT", "SETNAME", name]),
      connection.ask(["CLIENT", "SETINFO", "lib-name", LIBRARY]),
    ];
    const results = await Promise.allSettled(asked);
    const refused = results.find((result) => result.status === "rejected");
    if (refused) throw refused.reason;
  }

  #errorOf(error: Error, connection: Connection | null, place: string): OkqError {
    if (error instanceof PermissionError) return error;
    const reason =
      error instanceof OkqError && error.code !== "CONNECTION"
        ? error.message
        : (connection?.reason ?? error.message);
    return new ConnectionError(`cannot use ${place}: ${reason}`, "none", { cause: error });
  }
}

/** A stream that comes too late is closed. */
async function ownStream(stream: () => Promise<Duplex>, limits: Limits): Promise<Duplex> {
  const opened = (async () => stream())();
  const discard = () => {
    opened.then(
      (late) => late.destroy(),
      () => {},
    );
  };
  return await within(limits, opened, discard);
}

/** An okq without passwords refuses a password alone, and serves the client nevertheless. */
function acceptNoPassword(error: OkqError): null {
  if (/without any password configured/.test(error.message)) return null;
  throw error;
}

/** Another attempt would fail too: a login was refused, or a certificate is not trusted. */
export function isHopeless(error: OkqError): boolean {
  const { code = "" } = (error.cause ?? {}) as NodeJS.ErrnoException;
  const isDistrusted = /CERT|^ERR_TLS|^UNABLE_TO_(GET|VERIFY)/.test(code);
  return error instanceof PermissionError || isDistrusted;
}
