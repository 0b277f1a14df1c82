// Pushes.
import { randomUUID } from "node:crypto";
import { DuplicateError } from "../errors.ts";
import { type PushManyOptions, type PushOptions, pushWords } from "../push-options.ts";
import { arrayIn, textIn } from "../reply.ts";
import type { Word } from "../words.ts";
import { inPieces, QueueBase } from "./queue-base.ts";

export abstract class PushingQueue<T> extends QueueBase<T> {
  /**
   * Pushes an event and resolves to its id when okq has it safely. If the answer is lost, the push
   * is sent again with the same id, so the event is not there twice (while okq knows the id: until
   * it is acknowledged, or for the queue's dedupe-window).
   *
   * Rejects with a DuplicateError if the id or the unique key is taken and onDuplicate does not say
   * otherwise. One case cannot be told apart: if the first attempt was lost on its way to okq, and
   * meanwhile somebody else has pushed an event with the id that the caller chose, the push counts
   * as done.
   */
  async push(contents: T, options: PushOptions = {}): Promise<string> {
    const { id = randomUUID(), onDuplicate = "error", ...others } = options;
    const traced = this.session.options.trace?.headers();
    const words: Word[] = ["QPUSH", this.name, await this.encoded(contents), "ID", id];
    words.push(...pushWords(others, traced));
    if (onDuplicate !== "error") {
      words.push("ONDUP", onDuplicate.toUpperCase());
      return textIn((await this.repeat(words)).reply);
    }
    try {
      const { reply, isRepeat } = await this.session.sendOr(words, [...words, "ONDUP", "KEEP"]);
      const found = textIn(reply);
      if (!isRepeat || found === id) return found;
      throw duplicateAfterLoss(found);
    } catch (error) {
      // The text of the reply does not have all bytes of every id.
      const isSameId = error instanceof DuplicateError && options.unique === undefined;
      throw isSameId ? new DuplicateError(error.message, id) : error;
    }
  }

  /**
   * Pushes events in one step, all or none, and resolves to their ids: null in the place of one
   * that was there already, unless onDuplicate says otherwise. More than 1,000 take several steps,
   * one after the other: if one of them fails, those before it are done. After a lost answer what
   * is there when a step is sent again counts as pushed by it.
   */
  async pushMany(
    contents: readonly T[],
    options: PushManyOptions & { readonly ids?: readonly string[] | undefined } = {},
  ): Promise<(string | null)[]> {
    const ids = idsFor(contents, options.ids);
    const encoded = await Promise.all(contents.map((each) => this.encoded(each)));
    const pairs = encoded.map((each, at): [string, string | Uint8Array] => [ids[at]!, each]);
    const optionWords = pushWords(options, this.session.options.trace?.headers());
    const pushed: (string | null)[] = [];
    for (const piece of inPieces(pairs)) {
      const words: Word[] = ["QMPUSH", this.name, ...optionWords, "PAIRS", ...piece.flat()];
      // oxlint-disable-next-line no-await-in-loop -- in order
      const { reply, isRepeat } = await this.repeat(words);
      const answered = arrayIn(reply).map((id) => (id === null ? null : textIn(id)));
      // What was there at a repetition is what the first attempt had pushed.
      pushed.push(...(isRepeat ? piece.map(([id], at) => answered[at] ?? id) : answered));
    }
    return pushed;
  }
}

/** These ids, or random ones. Throws if there is not one for each of the contents. */
export function idsFor(
  contents: readonly unknown[],
  ids: readonly string[] = contents.map(() => randomUUID()),
): readonly string[] {
  if (ids.length === contents.length) return ids;
  throw new RangeError(`pushMany got ${ids.length} ids for ${contents.length} contents`);
}

/** The event that was there had the unique key. */
function duplicateAfterLoss(id: string): DuplicateError {
  const error = new DuplicateError(`DUPLICATE ${id}`, id);
  error.outcome = "unknown";
  return error;
}
