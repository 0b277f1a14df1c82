// What the methods that push, pop and end claims use: the session and the form of the contents.
import { codecOf, type ContentsKind } from "../contents.ts";
import { ManagedQueue } from "../manage/managed-queue.ts";
import { type Answer, type SendOptions, type Session } from "../session.ts";
import type { StandardSchemaV1 } from "../standard-schema.ts";
import type { Word } from "../words.ts";

export interface QueueOptions<T> {
  /** "json" (the default), "text" or "bytes". */
  readonly contents?: ContentsKind;
  /**
   * Checks contents when they are popped, and may change them. A push is checked in the same way:
   * what a consumer would refuse is not pushed.
   */
  readonly schema?: StandardSchemaV1<unknown, T>;
}

/** Commands take at most so many events or claims. */
export const MANY_MAX = 1_000;

export abstract class QueueBase<T> extends ManagedQueue<T> {
  constructor(session: Session, name: string, options: QueueOptions<T> = {}) {
    super(name, session, codecOf(options.contents ?? "json", options.schema));
  }

  /** Sends a command that may be sent again after a lost answer. */
  protected repeat(words: readonly Word[], options: SendOptions = {}): Promise<Answer> {
    return this.session.send(words, { ...options, repeats: true });
  }
}

/** The items in pieces of at most MANY_MAX. */
export function* inPieces<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += MANY_MAX) yield items.slice(at, at + MANY_MAX);
}
