// Tells okq how the work on claimed events ended, and what jobs note meanwhile. Each command is
// repeated until okq has answered it or the lease has ended by our clock. Plain acknowledgements of
// the same moment are one command.
import { ConnectionError, OkqError, StoreError } from "../errors.ts";
import { arrayIn, numberIn, type Reply, textIn } from "../reply.ts";
import { seconds, secondsSince1970 } from "../seconds.ts";
import type { Answer, SendOptions, Session } from "../session.ts";
import type { Word } from "../words.ts";
import { type Claim, leaseLost, type Note } from "./claim.ts";

/** Claims in one QMACK. */
const CLAIMS_MAX = 1000;
const GONE = "okq has ended its claim";

/** How the work on an event ended, in the words of okq. */
export type Ending =
  | { kind: "ack"; result: string | Uint8Array | null }
  | { kind: "fail"; error: string; delayMs: number | null; isFinal: boolean }
  /** atMs null: ready again, as the next one out. */
  | { kind: "redo"; atMs: number | null }
  /** The words of a push that is one step with the acknowledgement. */
  | { kind: "next"; push: Word[] };

/** What became of the event. removed: it was cancelled. */
export type Became = "done" | "requeued" | "ready" | "delayed" | "failed" | "removed";

interface Ack {
  claim: Claim;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export class Endings {
  readonly #session: Session;
  /** By queue: acknowledgements that go together. */
  readonly #acks = new Map<string, Ack[]>();

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Rejects with LeaseLostError if okq says that the claim is not there, or if there is no answer
   * until the lease must have ended; with another OkqError if okq refuses.
   */
  async end(claim: Claim, ending: Ending): Promise<Became> {
    const { reply, isRepeat } = await answered(claim, this.#ending(claim, ending));
    const became = becameOf(ending, reply);
    if (became !== null) return became;
    if (isRepeat) return presumed(ending);
    throw leaseLost(claim, GONE);
  }

  /** QTOUCH: resolves to 1, or 2 if the event was cancelled. Rejects as end() does. */
  async touch(claim: Claim, note: Note): Promise<number> {
    const { queue, id, token } = claim.job;
    const words: Word[] = ["QTOUCH", queue, id, token];
    if (note.leaseMs !== undefined) words.push("LEASE", seconds(note.leaseMs, "leaseMs"));
    if (note.progress !== undefined) words.push("PROGRESS", note.progress);
    if (note.log !== undefined) words.push("LOG", note.log);
    const { reply } = await answered(claim, this.#one(claim, words));
    const answer = numberIn(reply);
    if (answer === 0) throw leaseLost(claim, GONE);
    return answer;
  }

  /**
   * QMTOUCH of claims of the same queue with the same lease: for each 1, 2 if the event was
   * cancelled, 0 if the claim is lost.
   */
  async touchAll(claims: readonly Claim[]): Promise<number[]> {
    const { job, leaseMs } = claims[0]!;
    const names = claims.flatMap((claim) => [claim.job.id, claim.job.token]);
    const words = ["QMTOUCH", job.queue, "LEASE", seconds(leaseMs, "leaseMs"), "CLAIMS", ...names];
    const { reply } = await this.#one(claims.reduce(later), words);
    return arrayIn(reply).map(numberIn);
  }

  #ending(claim: Claim, ending: Ending): Promise<Answer> {
    const { queue, id, token } = claim.job;
    const ack: Word[] = ["QACK", queue, id, "TOKEN", token];
    switch (ending.kind) {
      case "ack":
        if (ending.result === null) return this.#ack(claim);
        return this.#one(claim, [...ack, "RESULT", ending.result]);
      case "redo": {
        const at =
          ending.atMs === null ? [] : ["AT", secondsSince1970(new Date(ending.atMs), "until")];
        return this.#one(claim, [...ack, "REDO", ...at]);
      }
      case "fail":
        return this.#one(claim, ["QFAIL", queue, id, token, ...failWords(ending)]);
      case "next":
        // The push may be into the same queue: by then the unique key must be free.
        return this.#session.sendTransaction([ack, ending.push], untilLeaseEnds(claim));
    }
  }

  #one(claim: Claim, words: readonly Word[]): Promise<Answer> {
    return this.#session.send(words, untilLeaseEnds(claim));
  }

  /** Its part of the answer to a QMACK. */
  #ack(claim: Claim): Promise<Answer> {
    const { queue } = claim.job;
    return new Promise((resolve, reject) => {
      const ack = { claim, resolve, reject };
      const acks = this.#acks.get(queue);
      if (acks) acks.push(ack);
      else {
        this.#acks.set(queue, [ack]);
        queueMicrotask(() => this.#sendAcks(queue));
      }
    });
  }

  #sendAcks(queue: string): void {
    const acks = this.#acks.get(queue) ?? [];
    this.#acks.delete(queue);
    for (let at = 0; at < acks.length; at += CLAIMS_MAX) {
      void this.#sendSome(queue, acks.slice(at, at + CLAIMS_MAX));
    }
  }

  async #sendSome(queue: string, acks: Ack[]): Promise<void> {
    const names = acks.flatMap(({ claim }) => [claim.job.id, claim.job.token]);
    // Each may be repeated for as long as the longest lease lasts: the tokens keep that harmless.
    const last = acks.map(({ claim }) => claim).reduce(later);
    try {
      const { reply, isRepeat } = await this.#one(last, ["QMACK", queue, ...names]);
      const replies = arrayIn(reply);
      for (const [index, { resolve }] of acks.entries())
        resolve({ reply: replies[index]!, isRepeat });
    } catch (error) {
      for (const { reject } of acks) reject(error);
    }
  }
}

function later(a: Claim, b: Claim): Claim {
  return b.leaseEndsAtMs > a.leaseEndsAtMs ? b : a;
}

function untilLeaseEnds({ leaseEndsAtMs }: Claim): SendOptions {
  return { repeats: true, repeatUntilMs: leaseEndsAtMs };
}

/** Without an answer the claim counts as lost. */
async function answered(claim: Claim, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ConnectionError || error instanceof StoreError)) throw error;
    throw leaseLost(claim, `okq did not answer (${error.message})`);
  }
}

function failWords({ error, delayMs, isFinal }: Extract<Ending, { kind: "fail" }>): Word[] {
  const words: Word[] = ["ERROR", error];
  if (isFinal) words.push("FINAL");
  else if (delayMs !== null) words.push("DELAY", seconds(delayMs, "afterMs"));
  return words;
}

/** Null: the claim was not there. */
function becameOf(ending: Ending, reply: Reply): Became | null {
  if (ending.kind === "fail") return reply === null ? null : (textIn(reply) as Became);
  if (ending.kind !== "next") {
    const became = ending.kind === "redo" ? "requeued" : "done";
    return numberIn(reply) === 1 ? became : null;
  }
  const [acked, pushed] = arrayIn(reply);
  if (pushed instanceof OkqError) throw pushed;
  return numberIn(acked) === 1 ? "done" : null;
}

/** What a repeated end has become whose first attempt had no answer, and whose claim is gone. */
function presumed({ kind }: Ending): Became {
  if (kind === "fail") return "delayed";
  return kind === "redo" ? "requeued" : "done";
}
