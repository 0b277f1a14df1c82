// QACK, QMACK, QFAIL, QTOUCH and QMTOUCH: what a consumer says about events that it has claimed.
import type { Ack, Claim, Fail, Redo, TouchOutcome } from "../queue/operations.ts";
import { checkCount, checkLength } from "./arguments.ts";
import { type StoreCommand, storeCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { START, startOf } from "./push-options.ts";

const CLAIMS_MAX = 1000;
const TEXT_BYTES_MAX = 4096;
const ANY_TOKEN = 0x2a;

/** null: any token, for which `*` stands. */
export function tokenOf(token: Buffer): Buffer | null {
  return token.length === 1 && token[0] === ANY_TOKEN ? null : token;
}

function claimOf(id: Buffer, token: Buffer): Claim {
  return { id, token: tokenOf(token) };
}

/** The claims of a list of ids and tokens. */
function claimsOf(list: Buffer[]): Claim[] {
  const claims: Claim[] = [];
  for (let at = 0; at < list.length; at += 2) claims.push(claimOf(list[at]!, list[at + 1]!));
  checkCount("claims", claims.length, CLAIMS_MAX);
  return claims;
}

interface AckOptions {
  TOKEN?: Buffer;
  REDO?: true;
  DELAY?: number;
  AT?: number;
  RESULT?: Buffer;
}

function ackOf(queue: Buffer, id: Buffer, options: AckOptions): Ack | Redo {
  const { TOKEN, REDO, DELAY, AT, RESULT = null } = options;
  const token = TOKEN ? tokenOf(TOKEN) : null;
  if (REDO) {
    if (RESULT) throw commandError("exclusiveOptions", { option: "RESULT", other: "REDO" });
    return { kind: "redo", queue, id, token, start: startOf(options) };
  }
  const start = DELAY !== undefined ? "DELAY" : AT !== undefined ? "AT" : null;
  if (start) throw commandError("optionNeeds", { option: start, other: "REDO" });
  return { kind: "ack", queue, id, token, result: RESULT };
}

interface FailOptions {
  DELAY?: number;
  AT?: number;
  FINAL?: true;
}

function nextOf(options: FailOptions): Fail["next"] {
  return options.FINAL ? "final" : (startOf(options) ?? "backoff");
}

/** A text for people is cut rather than refused: a consumer could not tell its failure. */
function cut(text: Buffer | undefined): Buffer | null {
  return text?.subarray(0, TEXT_BYTES_MAX) ?? null;
}

const touchReplies = { touched: 1, cancelled: 2 } as const;

function touchReply(outcome: TouchOutcome): number {
  return outcome === null ? 0 : touchReplies[outcome];
}

const shared = { group: "queue", access: "consume" } as const;

export const claimCommands: StoreCommand[] = [
  storeCommand({
    ...shared,
    name: "QACK",
    syntax: `queue eventId [TOKEN token] [REDO] ${START} [RESULT value]`,
    summary:
      "Acknowledges a claimed event: 1 if it was claimed and is now gone, or with REDO ready at " +
      "the right end, or delayed until then; 0 if it was not claimed, or TOKEN is that of " +
      "another claim (* for any). RESULT is kept with keep-completed.",
    since: "0.1.0",
    flags: ["write", "fast"],
    parse: ([, queue, id], options): Ack | Redo => ackOf(queue, id, options),
    reply(wasClaimed, { kind, queue, id }, { stats }, { held }) {
      if (!wasClaimed) return 0;
      if (kind === "ack") stats.acks += 1;
      held?.delete(queue, id);
      return 1;
    },
  }),
  storeCommand({
    ...shared,
    name: "QMACK",
    syntax: "queue id token [id token ...]",
    summary: "Acknowledges up to 1,000 claims in one step; an array of 1 or 0 as QACK answers.",
    since: "0.1.0",
    flags: ["write"],
    parse: ([, queue, id, token, ...more]) => ({
      kind: "ackBatch",
      queue,
      claims: claimsOf([id, token, ...more]),
    }),
    reply(results, { queue, claims }, { stats }, { held }) {
      stats.acks += results.filter((wasClaimed) => wasClaimed).length;
      if (held) for (const { id } of claims) held.delete(queue, id);
      return results.map((wasClaimed) => (wasClaimed ? 1 : 0));
    },
  }),
  storeCommand({
    ...shared,
    name: "QFAIL",
    syntax: "queue id token [ERROR text] [DELAY seconds|AT time|FINAL]",
    summary:
      "Says that the consumer failed. The event is now ready, delayed (until then, or as its " +
      "backoff says), failed (after its last attempt, or with FINAL) or removed (it was " +
      "cancelled); nil if that claim was not there. Token * stands for any claim.",
    since: "0.1.0",
    flags: ["write", "fast"],
    parse: ([, queue, id, token], { ERROR, ...options }): Fail => ({
      kind: "fail",
      queue,
      ...claimOf(id, token),
      error: cut(ERROR),
      next: nextOf(options),
    }),
    reply(outcome, { queue, id }, _, { held }) {
      if (outcome !== null) held?.delete(queue, id);
      return outcome;
    },
  }),
  storeCommand({
    ...shared,
    name: "QTOUCH",
    syntax: "queue id token [LEASE seconds>0] [PROGRESS value] [LOG line]",
    summary:
      "The lease ends so many seconds from now, else as long as when it was popped: 1; 2 if its " +
      "consumer should stop; 0 if that claim is not there. PROGRESS and LOG are shown by QGET.",
    since: "0.1.0",
    flags: ["write", "fast"],
    parse([, queue, id, token], { LEASE = null, PROGRESS = null, LOG }) {
      if (PROGRESS) checkLength("PROGRESS is", PROGRESS, TEXT_BYTES_MAX);
      const claim = claimOf(id, token);
      return { kind: "touch", queue, ...claim, leaseMs: LEASE, progress: PROGRESS, log: cut(LOG) };
    },
    reply: (outcome) => touchReply(outcome),
  }),
  storeCommand({
    ...shared,
    name: "QMTOUCH",
    syntax: "queue [LEASE seconds>0] CLAIMS id token [id token ...]",
    summary:
      "Touches up to 1,000 claims in one step; an array of what QTOUCH answers. LEASE stands " +
      "before CLAIMS.",
    since: "0.1.0",
    flags: ["write"],
    parse: ([, queue], { LEASE = null, CLAIMS }) => ({
      kind: "touchBatch",
      queue,
      claims: claimsOf(CLAIMS),
      leaseMs: LEASE,
    }),
    reply: (outcomes) => outcomes.map(touchReply),
  }),
];
