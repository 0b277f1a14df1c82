// What becomes of one command on its way to the okq that serves: its reply, or the loss of it.
import { type Answer, Confirmations } from "../../commands/answer.ts";
import type { Budget } from "../../commands/budget.ts";
import { CommandError } from "../../commands/errors.ts";
import { failureIn } from "../../commands/failover.ts";
import { StoreError } from "../../queue/errors.ts";
import { Encoded, ErrorReply } from "../../resp/reply.ts";
import { bulkIn, elementsOf, errorIn } from "../../resp/reply-scanner.ts";
import { VIEW_BYTES } from "../../resp/unpinned.ts";
import type { LinkReceipt } from "./delivery.ts";
import type { Awaiting, Link } from "./link.ts";
import { PassedReply } from "./passed-reply.ts";

/** A command of a client. */
export interface Forwardable {
  readonly isReading: boolean;
  /** It may take as long as the client says. */
  readonly waits: boolean;
  passed(answer: Answer): void;
  failed(error: StoreError): void;
}

export function lossOf(reason: string, mayBeDone: boolean): StoreError {
  return new StoreError(mayBeDone ? "unknown" : "unavailable", reason);
}

/** Most commands. */
export class ForwardedCommand implements Awaiting {
  readonly #command: Forwardable;
  readonly #link: Link;
  readonly #budget: Budget;
  readonly #onPiece: () => void;
  readonly #receipt: LinkReceipt | null;
  #reply: PassedReply | null = null;

  /**
   * onPiece: a part of a long reply has come. receipt: it is to know where the reply ends; null if
   * that hands out nothing.
   */
  constructor(
    command: Forwardable,
    link: Link,
    budget: Budget,
    onPiece: () => void,
    receipt: LinkReceipt | null,
  ) {
    this.#command = command;
    this.#link = link;
    this.#budget = budget;
    this.#onPiece = onPiece;
    this.#receipt = receipt;
  }

  replied(reply: Buffer): boolean {
    this.#end();
    const text = errorIn(reply);
    const failure = text === null ? null : failureIn(text);
    if (failure) this.#command.failed(failure);
    else this.#command.passed(new Encoded(reply));
    return true;
  }

  begun(bytes: Buffer): { add(bytes: Buffer): void; complete(): void } {
    const reply = new PassedReply(this.#link, this.#budget);
    this.#reply = reply;
    reply.add(bytes);
    this.#command.passed(reply);
    return {
      add: (piece) => {
        reply.add(piece);
        this.#onPiece();
      },
      complete: () => {
        this.#end();
        reply.complete();
      },
    };
  }

  #end(): void {
    this.#receipt?.came(this.#link.repliedBytes);
  }

  lost(reason: string, isSent: boolean): void {
    if (!this.#reply) {
      return this.#command.failed(lossOf(reason, isSent && !this.#command.isReading));
    }
    this.#reply.breakOff();
    this.#onPiece();
  }
}

/** A change of what the client has subscribed to. */
export interface Subscribed {
  kind: "channel" | "pattern";
  name: Buffer;
  isNew: boolean;
}

/** SUBSCRIBE and its kin: a reply for each name. The reply to PING `mark` behind it ends them. */
export class ForwardedSubscribe implements Awaiting {
  readonly #command: Forwardable;
  readonly #mark: string;
  readonly #onChange: (change: Subscribed) => void;
  readonly #onConfirmed: () => void;
  readonly #budget: Budget;
  #replies: Buffer[] = [];
  /** Of the replies. */
  #bytes = 0;

  /** onConfirmed: the client has the replies, and may get messages. */
  constructor(
    command: Forwardable,
    mark: string,
    budget: Budget,
    onChange: (change: Subscribed) => void,
    onConfirmed: () => void,
  ) {
    this.#budget = budget;
    this.#command = command;
    this.#mark = mark;
    this.#onChange = onChange;
    this.#onConfirmed = onConfirmed;
  }

  replied(reply: Buffer): boolean {
    const isEnd = reply.subarray(-this.#mark.length - 2).toString("latin1") === `${this.#mark}\r\n`;
    if (isEnd) this.#end();
    else {
      this.#replies.push(reply);
      this.#keep(reply.length + VIEW_BYTES);
      const change = changeIn(reply);
      if (change) this.#onChange(change);
    }
    return isEnd;
  }

  #end(): void {
    const [first] = this.#replies;
    const refusal = first && errorIn(first);
    if (!refusal) return this.#command.passed(this.#confirmations());
    this.#keep(-this.#bytes);
    const failure = failureIn(refusal);
    if (failure) this.#command.failed(failure);
    else this.#command.passed(new Encoded(first));
    this.#onConfirmed();
  }

  #keep(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.change(bytes);
  }

  #confirmations(): Confirmations {
    const [replies, onConfirmed] = [this.#replies, this.#onConfirmed];
    function* each(): Generator<Encoded> {
      for (const reply of replies) yield new Encoded(reply);
      onConfirmed();
    }
    return new Confirmations(each(), () => this.#keep(-this.#bytes));
  }

  lost(reason: string): void {
    this.#keep(-this.#bytes);
    this.#command.failed(lossOf(reason, false));
  }
}

function changeIn(reply: Buffer): Subscribed | null {
  const [verb, name] = (elementsOf(reply) ?? []).map(bulkIn);
  if (!verb || !name) return null;
  const word = verb.toString("latin1");
  const kind = word.startsWith("p") ? "pattern" : "channel";
  return { kind, name: Buffer.from(name), isNew: !word.includes("un") };
}

/** The commands of a transaction, from MULTI to EXEC. */
export function transactionOf(
  commands: Buffer[][],
  executed: Awaiting,
): { args: Buffer[]; awaiting: Awaiting }[] {
  const queued: Awaiting = { replied: () => true, lost() {} };
  return [
    { args: [Buffer.from("MULTI")], awaiting: queued },
    ...commands.map((args) => ({ args, awaiting: queued })),
    { args: [Buffer.from("EXEC")], awaiting: executed },
  ];
}

/** EXEC whose replies are needed one by one. */
export function executedWhole(
  { resolve, reject }: { resolve(replies: Buffer[]): void; reject(error: Error): void },
  onReply: () => void,
): Awaiting {
  return {
    replied(reply) {
      onReply();
      const text = errorIn(reply);
      if (text === null) resolve(elementsOf(reply) ?? []);
      else reject(failureIn(text) ?? new CommandError(new ErrorReply(text)));
      return true;
    },
    lost: (reason, isSent) => reject(lossOf(reason, isSent)),
  };
}
