// Pushes with NOBLOCK: answered OK at once, bounded in number and in bytes. If one fails, the
// client gets no error: the failure is logged.
import type { Push, Results } from "../queue/operations.ts";
import type { Session } from "../queue/store.ts";
import { ErrorReply, OK, type Reply } from "../resp/reply.ts";
import { commandError } from "./errors.ts";

/** The result of parse() for a push that is done in the background. */
export class InBackground {
  constructor(readonly push: Push) {}
}

interface Limits {
  countMax: number;
  /** Of contents. One push is always allowed. */
  bytesMax: number;
}

type Warn = (message: string, fields: Record<string, unknown>) => void;

export class BackgroundPushes {
  readonly #limits: Limits;
  readonly #warn: Warn;
  #count = 0;
  #bytes = 0;

  constructor(limits: Limits, warn: Warn) {
    this.#limits = limits;
    this.#warn = warn;
  }

  /** How many are in progress. */
  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `replyTo` makes the reply that a waiting client would get. Throws if there is no room. */
  start(push: Push, session: Session, replyTo: (result: Results["push"]) => unknown): Reply {
    const { length } = push.contents;
    if (!this.#hasRoom(length)) throw commandError("backgroundBusy");
    this.#count += 1;
    this.#bytes += length;
    const fail = (error: Error) => {
      const { queue, id } = push;
      this.#warn("NOBLOCK push failed", { queue, id, error });
    };
    session
      .ask(push)
      .then((result) => {
        const reply = replyTo(result);
        if (reply instanceof ErrorReply) throw new Error(reply.text);
      })
      .catch(fail)
      .finally(() => {
        this.#count -= 1;
        this.#bytes -= length;
      });
    return OK;
  }

  #hasRoom(bytes: number): boolean {
    const { countMax, bytesMax } = this.#limits;
    if (this.#count === 0) return countMax > 0;
    return this.#count < countMax && this.#bytes + bytes <= bytesMax;
  }
}
