// The contents of claimed events that are too large to pass through Lua. They are fetched after the
// script's reply: the claim keeps them.
import type { Popped } from "../../queue/event.ts";
import type { Pop } from "../../queue/operations.ts";
import type { Output } from "../../resp/reply.ts";
import { INFIXES, queueKey, TICKS_PER_MS } from "./keys.ts";
import type { Operation } from "./operation.ts";
import { contentsOf, headersOf, pushedAtMsOf } from "./value.ts";
import { ABSENT, type ScriptReply, type Undo } from "./verb.ts";

/** Of events popped from one queue with one lease. REPLY_BYTES_MAX of the script limits them. */
export class Fetch {
  readonly ids: Buffer[] = [];
  /** Where the results are that wait for contents. */
  readonly #places: number[] = [];

  constructor(
    private readonly pop: Pop,
    private readonly results: (Popped | null)[],
  ) {
    for (const [place, popped] of results.entries()) {
      if (popped?.contents !== ABSENT) continue;
      this.ids.push(popped.id);
      this.#places.push(place);
    }
  }

  /** Appends its two commands; returns their names. */
  write(output: Output, tag: string): string[] {
    const { queue } = this.pop;
    output.write(["HMGET", queueKey(tag, INFIXES.EVENTS, queue), ...this.ids], 2);
    // After the contents: a claim that is still there was there when they were read.
    output.write(["ZMSCORE", queueKey(tag, INFIXES.CLAIMED, queue), ...this.ids], 2);
    return ["hmget", "zmscore"];
  }

  /**
   * Takes their replies. Where the claim has ended meanwhile, nothing was popped: the event is gone
   * or in line again, and the contents may be those of a new event with its id.
   */
  take(contents: ScriptReply, scores: ScriptReply): void {
    for (const [at, place] of this.#places.entries()) {
      const popped = this.results[place]!;
      const bytes = (contents as (Buffer | null)[])[at];
      const score = Number((scores as (Buffer | null)[])[at]);
      const { claim, leaseMs } = popped.undo as Undo;
      const isClaimed = score === claim + leaseMs * TICKS_PER_MS;
      if (bytes && isClaimed) {
        popped.contents = contentsOf(bytes);
        if (popped.token) popped.headers = headersOf(bytes);
        popped.pushedAtMs = pushedAtMsOf(bytes);
      } else this.results[place] = null;
    }
  }
}

/** Whether it is the result of a pop that still waits for contents. */
export function isUnread(kind: Operation["kind"], result: unknown): boolean {
  return kind === "pop" && (result as Popped | null)?.contents === ABSENT;
}
