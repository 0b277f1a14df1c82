// Who calls the commands of one HTTP request.
import type { Visitor } from "../commands/caller.ts";
import type { Claimants } from "../queue/claimant.ts";
import type { Consumer } from "../queue/consumer.ts";
import { Failures } from "../queue/failures.ts";
import type { Session } from "../queue/store.ts";
import type { User } from "../users/user.ts";

/** What the requests of one client share: it counts as one consumer. */
export interface HttpClient {
  /** No other client of this process has it, over HTTP or RESP. */
  readonly id: number;
  readonly consumer: Consumer;
  readonly claimants: Claimants;
}

export class RequestCaller implements Visitor {
  /** A request names its worker, or none. */
  readonly name = "";
  readonly id: number;
  readonly consumer: Consumer;
  readonly claimants: Claimants;
  readonly failures = new Failures();
  /** Claims stay until their leases end. */
  readonly held = null;
  upstream: Visitor["upstream"] = null;
  readonly gone: AbortSignal;
  readonly #clientGone: AbortSignal;
  readonly #waitsEnd = new AbortController();

  constructor(
    client: HttpClient,
    public user: User | null,
    readonly session: Session,
    /** Aborts when the client is gone, or okq stops. */
    clientGone: AbortSignal,
  ) {
    this.id = client.id;
    this.consumer = client.consumer;
    this.claimants = client.claimants;
    this.#clientGone = clientGone;
    this.gone = AbortSignal.any([clientGone, this.#waitsEnd.signal]);
  }

  /** Or it has no user any more. */
  get isClosed(): boolean {
    return this.#clientGone.aborted || this.user === null;
  }

  stopWaiting(): void {
    this.#waitsEnd.abort();
  }

  kill(): void {
    this.user = null;
    this.stopWaiting();
  }
}
