// Decides which clients are served, over RESP and HTTP, and counts them: connections, TLS
// handshakes, and HTTP requests in progress.
import type { Context } from "../commands/context.ts";
import { errorReply } from "../commands/errors.ts";
import type { ErrorReply } from "../resp/reply.ts";
import { AddressCount } from "./address-count.ts";

/** The reply to a client that is refused, and the reason for the log. */
export interface Denial {
  reply: ErrorReply;
  reason: string;
}

const NO_PASSWORD: Denial = {
  reply: errorReply("denied"),
  reason: "it is on another machine, and okq has no password",
};
const TOO_MANY: Denial = {
  reply: errorReply("tooManyClients"),
  reason: "max-clients is reached",
};
const TOO_MANY_THERE: Denial = {
  reply: errorReply("tooManyClientsOfAddress"),
  reason: "max-clients-per-address is reached",
};

export class Admission {
  readonly #context: Pick<Context, "settings" | "stats" | "users" | "warn">;
  readonly #addresses: AddressCount;
  #count = 0;

  constructor(context: Pick<Context, "settings" | "stats" | "users" | "warn">) {
    this.#context = context;
    this.#addresses = new AddressCount(context.settings.maxClientsPerAddress);
  }

  /**
   * Counts a client. When it is refused, logs why, and returns the denial. Without a password only
   * clients on this machine are served, and those with a certificate.
   */
  enter(client: {
    /** null for a client of the unix socket. */
    address: string | null;
    /** For the log. */
    shownAs: string;
    hasCertificate: boolean;
    isLocal(): boolean;
    /** Whether any number of clients may come from its address. */
    isExempt?(): boolean;
  }): Denial | null {
    const { address, hasCertificate } = client;
    const isTrusted = !this.#context.users.isOpen || hasCertificate || address === null;
    const isServed = isTrusted || client.isLocal();
    const denial = isServed ? this.#admit(address, client.isExempt) : NO_PASSWORD;
    if (denial) this.#noteDenial(client.shownAs, denial);
    return denial;
  }

  /** As above, for a client of that address that begins a TLS handshake. */
  enterHandshake(address: string): Denial | null {
    const denial = this.#admit(address);
    if (denial) this.#noteDenial(address, denial);
    return denial;
  }

  /** A client that entered is gone, or its request is answered; null for the unix socket. */
  leave(address: string | null): void {
    this.#count -= 1;
    if (address !== null) this.#addresses.leave(address);
  }

  #admit(address: string | null, isExempt = () => false): Denial | null {
    const { settings, stats } = this.#context;
    if (this.#count >= settings.maxClients) return TOO_MANY;
    if (address !== null && !this.#addresses.enter(address, isExempt)) {
      stats.refusedPerAddress += 1;
      return TOO_MANY_THERE;
    }
    this.#count += 1;
    return null;
  }

  #noteDenial(addr: string, { reason }: Denial): void {
    this.#context.stats.connectionsRefused += 1;
    this.#context.warn("refused a client", { addr, reason });
  }
}
