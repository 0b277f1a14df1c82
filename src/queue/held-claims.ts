// What one client has claimed and not ended yet, so that it can go back when the client leaves.
import type { Popped } from "./event.ts";
import { nameOf } from "./name-cache.ts";
import type { Session } from "./store.ts";

/** Of more claims the oldest are forgotten: their leases end by themselves. */
const HELD_MAX = 10_000;

interface Held {
  queue: Buffer;
  id: Buffer;
  token: Buffer;
}

export class HeldClaims {
  readonly #held = new Map<string, Held>();

  /** Only claims with a token can be told from later claims of the same event. */
  add({ queue, id, token }: Popped): void {
    if (token === null) return;
    // Copies, because views would keep all that was received with them.
    const held = { queue: Buffer.from(queue), id: Buffer.from(id), token: Buffer.from(token) };
    this.#held.set(keyOf(queue, id), held);
    if (this.#held.size <= HELD_MAX) return;
    const [oldest] = this.#held.keys();
    this.#held.delete(oldest!);
  }

  /** The claim was ended. */
  delete(queue: Buffer, id: Buffer): void {
    this.#held.delete(keyOf(queue, id));
  }

  /** Ends all of them as crashes. Those that ended meanwhile are left alone. */
  release(session: Session): void {
    for (const { queue, id, token } of this.#held.values()) {
      // If the store cannot do it, the lease ends by itself.
      session.ask({ kind: "crash", queue, id, token }).catch(() => {});
    }
    this.#held.clear();
  }
}

function keyOf(queue: Buffer, id: Buffer): string {
  return `${queue.length} ${nameOf(queue)}${nameOf(id)}`;
}
