// Commands of the client as values: their words, and what their replies mean. A queue runs them at
// once; a transaction collects them.
import { arrayIn, numberIn, type Reply } from "../reply.ts";
import type { Word } from "../words.ts";

export interface Command<R> {
  /** Throws or rejects for wrong arguments. A schema may take its time to check contents. */
  words(): readonly Word[] | Promise<readonly Word[]>;
  /**
   * - again: doing it twice is the same as doing it once, and the answer is as true. It is sent
   *   again after an attempt whose outcome is unknown.
   * - once: after such an attempt the caller gets the error.
   */
  readonly repeat: "again" | "once";
  read(reply: Reply): R | Promise<R>;
}

/** What a method gives: in a queue the result, in a transaction a step that stands for it. */
export type Mode = "now" | "step";
export type Answer<M extends Mode, R> = M extends "now" ? Promise<R> : Step<R>;

/** A command of a transaction. */
export interface Step<R> {
  readonly command: Command<R>;
}

export type Run<M extends Mode> = <R>(command: Command<R>) => Answer<M, R>;

/** For commands that answer OK. */
export function nothing(): void {}

export function isOne(reply: Reply): boolean {
  return numberIn(reply) === 1;
}

export function areOnes(reply: Reply): boolean[] {
  return arrayIn(reply).map(isOne);
}

export function isFirstOne(reply: Reply): boolean {
  return isOne(arrayIn(reply)[0]!);
}

/** Its answer is as true when it is sent twice. */
export function again<R>(words: Command<R>["words"], read: Command<R>["read"]): Command<R> {
  return { words, repeat: "again", read };
}

export function once<R>(words: Command<R>["words"], read: Command<R>["read"]): Command<R> {
  return { words, repeat: "once", read };
}
