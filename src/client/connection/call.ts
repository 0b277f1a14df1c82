// A command, or the commands of a transaction, on the way to their reply, through any number of
// attempts.
import { type ConnectionError, OkqError, TransactionError } from "../errors.ts";
import type { Reply } from "../reply.ts";
import { checkWords, encodeCommand, type Word } from "../words.ts";
import type { Awaited } from "./connection.ts";

export interface SendOptions {
  /** The command may be sent again after an attempt whose outcome is unknown. */
  readonly repeats?: boolean;
  /** Until when it is sent again (by the clock); else for retryMs from its first failure on. */
  readonly repeatUntilMs?: number;
  /** How long okq may wait before it answers. */
  readonly waitMs?: number;
  /** okq works on it in steps, until it is done or the connection is closed. */
  readonly isInSteps?: boolean;
}

export interface Answer {
  readonly reply: Reply;
  /** The outcome of an earlier attempt is unknown: this reply may be that to a repetition. */
  readonly isRepeat: boolean;
}

/** Makes the commands for each attempt: isRepeat as in Answer. */
export type Commands = (isRepeat: boolean) => readonly (readonly Word[])[];

/** What a call tells about its attempts. */
export interface CallOwner {
  answered(call: Call): void;
  refused(call: Call, error: OkqError): void;
  lost(call: Call, error: ConnectionError): void;
}

export class Call implements Awaited, Answer {
  readonly answer: Promise<Answer>;
  /** The reply to the last command. */
  reply: Reply = null;
  /** The replies to the commands before it. */
  readonly earlier: Reply[] = [];
  isRepeat = false;
  isSettled = false;
  /** Set at its first failure. */
  deadlineMs: number | null = null;
  /** How many attempts have failed without having been done. */
  failures = 0;
  /** The bytes of the attempt under way, or 0. */
  bytes = 0;
  lastError: OkqError | null = null;
  readonly #commands: Commands;
  readonly #owner: CallOwner;
  #resolve!: (answer: Answer) => void;
  #reject!: (error: unknown) => void;

  constructor(
    commands: Commands,
    readonly options: SendOptions,
    owner: CallOwner,
    readonly signal?: AbortSignal,
  ) {
    this.#commands = commands;
    this.#owner = owner;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isUnderWay(): boolean {
    return this.bytes > 0;
  }

  /**
   * Begins an attempt: adds the bytes to be sent and the replies to be awaited. Throws before that
   * if a command has a word that cannot be sent.
   */
  encode(pieces: (string | Uint8Array)[], awaited: Awaited[]): void {
    const commands = this.#commands(this.isRepeat);
    commands.forEach(checkWords);
    this.bytes = 0;
    this.earlier.length = 0;
    for (const words of commands) this.bytes += encodeCommand(words, pieces);
    const collect = (reply: Reply) => void this.earlier.push(reply);
    const collector = { answered: collect, refused: collect, lost() {} };
    for (let at = 1; at < commands.length; at++) awaited.push(collector);
    awaited.push(this);
  }

  answered(reply: Reply): void {
    this.reply = reply;
    this.#owner.answered(this);
  }

  refused(error: OkqError): void {
    this.#owner.refused(this, this.#explained(error));
  }

  /** If a command of a transaction is refused, EXEC does not say why. */
  #explained(error: OkqError): OkqError {
    const cause = this.earlier.find((reply) => reply instanceof OkqError);
    return error instanceof TransactionError && cause ? TransactionError.because(cause) : error;
  }

  lost(error: ConnectionError): void {
    this.#owner.lost(this, error);
  }

  resolve(): void {
    this.isSettled = true;
    this.#resolve(this);
  }

  /** The error tells whether any attempt may have been done. */
  reject(error: OkqError): void {
    if (this.isRepeat) error.outcome = "unknown";
    this.rejectWith(error);
  }

  rejectWith(reason: unknown): void {
    this.isSettled = true;
    this.#reject(reason);
  }
}
