// The answer of a command: a reply, a reply with a popped event, or a reply made part by part.
import { type Reply, Simple } from "../resp/reply.ts";

export type Answer = Reply | Handout | LongReply;

/**
 * The reply to a command of a transaction before EXEC. If EXEC has come and is being done, it is
 * sent together with the reply to that.
 */
export class BeforeExec extends Simple {}

/** Is told what becomes of a reply. */
export interface Receipt {
  sent(): void;
  /** The client is gone before it was sent. */
  giveBack(): void;
}

/** A command that has a receipt if the reply hands out events of the okq that serves. */
export interface Receivable {
  receipt?: Receipt | null;
}

/** A reply that hands out an event. */
export abstract class Handout {
  constructor(
    readonly reply: Reply,
    /** Whether the event may be given back although the client may have read the reply. */
    readonly mayComeTwice: boolean,
  ) {}

  /** Requeues the event. Called if the client is gone before the reply was sent. */
  abstract giveBack(): void;

  /** The same if the client may have read the reply: only events that may come twice. */
  giveBackUnconfirmed(): void {
    if (this.mayComeTwice) this.giveBack();
  }
}

/** A reply that has those of several handouts in it. */
export class Handouts extends Handout {
  readonly #handouts: Handout[];

  constructor(reply: Reply, handouts: Handout[]) {
    super(
      reply,
      handouts.some(({ mayComeTwice }) => mayComeTwice),
    );
    this.#handouts = handouts;
  }

  /** The event that was popped first goes back last. */
  giveBack(): void {
    for (const handout of this.#handouts.toReversed()) handout.giveBack();
  }

  override giveBackUnconfirmed(): void {
    for (const handout of this.#handouts.toReversed()) handout.giveBackUnconfirmed();
  }
}

/**
 * A reply that is too long to be made at once. Its parts follow each other; each is made when the
 * client has read those before it. release() frees the memory that it needs meanwhile, and may be
 * called again.
 */
export class LongReply {
  constructor(
    readonly parts: Iterator<Reply>,
    readonly release: () => void,
  ) {}

  /** Whether its next part is there, or its end. */
  get isReady(): boolean {
    return true;
  }
}

/** Confirms changes of subscriptions, one part each; written also where replies are turned off. */
export class Confirmations extends LongReply {}
