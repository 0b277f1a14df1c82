// The contents of claimed events that are too large to pass through Lua. They are fetched after the
// script's reply: the claim keeps them.
import type { Popped } from "../../queue/store.ts";
import { ABSENT, type ScriptReply } from "./verbs.ts";

/** Of popped events of one queue. REPLY_BYTES_MAX of the script limits their bytes. */
export class Fetch {
  readonly ids: Buffer[] = [];
  /** Where the results are that wait for contents. */
  readonly #places: number[] = [];

  constructor(
    readonly queue: Buffer,
    private readonly results: (Popped | null)[],
  ) {
    for (const [place, popped] of results.entries()) {
      if (popped?.contents !== ABSENT) continue;
      this.ids.push(popped.id);
      this.#places.push(place);
    }
  }

  /**
   * Takes the reply of HMGET. Where there are no contents, the claim has ended meanwhile and its
   * event is gone: then nothing was popped.
   */
  take(reply: ScriptReply): void {
    const contents = reply as (Buffer | null)[];
    for (const [at, place] of this.#places.entries()) {
      const bytes = contents[at] ?? null;
      if (bytes) this.results[place]!.contents = bytes;
      else this.results[place] = null;
    }
  }
}
