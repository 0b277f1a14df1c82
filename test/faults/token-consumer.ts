// A consumer that names its claims by token. It acknowledges most events, fails or hands back some,
// and holds some longer than their lease, so that what it says then must change nothing.
import type { Decoded } from "../support/reply-decoder.ts";
import type { Argument } from "../support/wire.ts";
import { type Account, type Outcome } from "./account.ts";
import type { Ending } from "./token-claims.ts";

/** Sends commands in one write, passes on the replies, and tells whether any was an error. */
export type Exchange = (commands: Argument[][], take: (reply: Decoded) => void) => Promise<boolean>;

type Event = [queue: Buffer, id: Buffer, contents: Buffer, token: Buffer, attempt: number];

interface Claim {
  queue: string;
  id: string;
  token: string;
}

interface HeldClaim extends Claim {
  /** When its consumer says that it is done, after the end of the lease. */
  dueMs: number;
}

/** Every so many claims are held past their lease. */
const HELD_EVERY = 40;
const FAILED_EVERY = 9;
const REDONE_EVERY = 13;

export class TokenConsumer {
  readonly #account: Account;
  readonly #onAcked: () => void;
  /** The reply says: done, not there, or that the outcome is unknown. */
  readonly #outcomeOf: (reply: Decoded, isDone: (reply: Decoded) => boolean) => Outcome;
  #held: HeldClaim[] = [];
  #claims = 0;

  constructor(
    account: Account,
    onAcked: () => void,
    outcomeOf: (reply: Decoded, isDone: (reply: Decoded) => boolean) => Outcome,
  ) {
    this.#account = account;
    this.#onAcked = onAcked;
    this.#outcomeOf = outcomeOf;
  }

  /** The number of events popped; -1 if an answer was an error. */
  async popAndEnd(
    exchange: Exchange,
    queue: string,
    lease: number,
    depth: number,
  ): Promise<number> {
    const claims: Claim[] = [];
    const sentAt = this.#account.now();
    const sentAtMs = performance.now();
    const pops = Array.from({ length: depth }, () => ["QPOP", "LEASE", lease, "FROM", queue]);
    let unanswered = pops.length;
    let hasFailed: boolean;
    try {
      hasFailed = await exchange(pops, (reply) => {
        if (this.#outcomeOf(reply, () => false) !== "unknown") unanswered -= 1;
        if (!Array.isArray(reply)) return;
        const [, id, contents, token, attempt] = reply[0] as Event;
        const shown = { token: token.toString(), attempt };
        const leased = { sentAtMs, leaseMs: lease * 1000 };
        this.#account.delivered(id.toString(), contents, sentAt, leased, shown);
        claims.push({ queue, id: id.toString(), token: token.toString() });
      });
    } finally {
      while (unanswered-- > 0) this.#account.lostPop(sentAt);
    }
    const now = performance.now();
    const due = this.#held.filter(({ dueMs }) => dueMs < now);
    this.#held = this.#held.filter(({ dueMs }) => dueMs >= now);
    const kept = claims.filter((claim) => {
      const isHeld = ++this.#claims % HELD_EVERY === 0;
      if (isHeld) this.#held.push({ ...claim, dueMs: now + lease * 2000 });
      return !isHeld;
    });
    if (await this.#end(exchange, [...due, ...kept])) hasFailed = true;
    return hasFailed ? -1 : claims.length;
  }

  async #end(exchange: Exchange, claims: Claim[]): Promise<boolean> {
    const endings = claims.map((claim) => ({ ...claim, ending: endingOf(this.#claims++) }));
    for (const { id, token, ending } of endings) this.#account.ending(id, token, ending);
    const left = [...endings];
    try {
      return await exchange(endings.map(commandOf), (reply) => {
        const { id, token, ending } = left.shift()!;
        const outcome = this.#outcomeOf(reply, (value) => value === 1 || Buffer.isBuffer(value));
        this.#account.ended(id, token, ending, outcome);
        if (ending === "ack" && outcome === "done") this.#onAcked();
      });
    } finally {
      for (const { id, token, ending } of left) this.#account.ended(id, token, ending, "unknown");
    }
  }
}

function endingOf(count: number): Ending {
  if (count % FAILED_EVERY === 0) return "failure";
  return count % REDONE_EVERY === 0 ? "redo" : "ack";
}

function commandOf({ queue, id, token, ending }: Claim & { ending: Ending }): Argument[] {
  if (ending === "failure") return ["QFAIL", queue, id, token, "ERROR", "on purpose", "DELAY", 0];
  return ["QACK", queue, id, "TOKEN", token, ...(ending === "redo" ? ["REDO"] : [])];
}
