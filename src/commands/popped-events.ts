// The reply of a pop: it hands out events, and gives them back if the client is gone before it was
// sent.
import type { Popped } from "../queue/event.ts";
import { decodeHeaders } from "../queue/headers.ts";
import type { Store } from "../queue/store.ts";
import type { Reply } from "../resp/reply.ts";
import { Handout } from "./answer.ts";

export class PoppedEvents extends Handout {
  readonly #store: Pick<Store, "session">;

  /** The events in the order of their pops. `isClaimed`: they are not removed. */
  constructor(
    store: Pick<Store, "session">,
    readonly events: readonly Popped[],
    reply: Reply,
    isClaimed: boolean,
  ) {
    super(reply, isClaimed);
    this.#store = store;
  }

  /**
   * Undoes the pops, except those whose claim has ended: then another consumer may have them.
   * Resolves when that is done.
   */
  async giveBack(): Promise<void> {
    // A session of its own: in the client's it would fail after a failed operation.
    const session = this.#store.session();
    // The event that was popped first goes back last, so that it is the next one out again.
    const undone = this.events.toReversed().map((popped) => {
      return session.ask({ kind: "unpop", queue: popped.queue, popped });
    });
    // If the store fails, the event is requeued when its lease ends. Without a lease it is lost:
    // it was to be delivered at most once.
    await Promise.allSettled(undone);
  }
}

/** An event as QPOP answers it. Without a claim it has no token. */
export function eventReply(popped: Popped, isClaimed: boolean): Reply {
  const { queue, id, contents, token, attempt, headers } = popped;
  return [queue, id, contents, isClaimed ? token : null, attempt, headersReply(headers)];
}

const NO_HEADERS: Reply[] = [];

/** A flat array of names and values. It must not be changed. */
export function headersReply(headers: Buffer | null): Reply[] {
  return headers === null ? NO_HEADERS : decodeHeaders(headers).flat();
}
