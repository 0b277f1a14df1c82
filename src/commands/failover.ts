// Several okq that keep their queues in one bucket: one of them serves, the others stand by. They
// pass commands on to it, and answer LOADING while none serves.
import { StoreError, type StoreFailure } from "../queue/errors.ts";
import type { ServingOkq } from "../queue/serving-okq.ts";
import type { Answer, Receivable } from "./answer.ts";
import { errorTexts } from "./error-texts.ts";

/**
 * - starting: it does not know yet whether another okq serves
 * - standby: another okq serves, or none
 * - serving: it serves
 */
export type Role = "starting" | "standby" | "serving";

/** The part that this okq has. */
export interface Failover {
  readonly role: Role;
  /** The okq that serves, this one or another; null if none is known. */
  readonly serving: ServingOkq | null;
  /** Why this okq cannot do an operation itself. */
  readonly reason: string;
  /** Aborts when the okq that serves has not answered for the time of a lease. */
  readonly unreached: AbortSignal;
  /** How often this process has begun to serve, and how often it lost that to another one. */
  readonly takeovers: number;
  readonly fenced: number;
  /** The requests to the object store; null where they are not counted. */
  readonly requests: StoreRequests | null;
  /** Whether it is the secret of this okq, and it serves. */
  knows(secret: Buffer): boolean;
  /** Whether it is the secret of this okq, and it is to serve once it has loaded the queues. */
  loads(secret: Buffer): boolean;
  /** Whether this okq serves or loads, can use the bucket, and no other one has taken over. */
  canServe(): Promise<boolean>;
  /** Whether the okq that serves answers; false if none is known. */
  reaches(): Promise<boolean>;
}

/** Requests by what they did and how they ended. */
export interface StoreRequests {
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The way of one client to the okq that serves. */
export interface Upstream {
  /** Whether commands on queues go there, because this okq does not serve. */
  readonly isUsed: boolean;
  /** A command of the client waits there. */
  readonly isWaiting: boolean;
  /**
   * Does these commands as one transaction. Resolves to their replies, as bytes. Rejects with a
   * StoreError or a CommandError. Sets the receipt of the call.
   */
  transact(commands: Buffer[][], call: Receivable): Promise<Buffer[]>;
  /** The same, but resolves to the answer of EXEC, which is passed on while it arrives. */
  passTransaction(commands: Buffer[][], call: Receivable): Promise<Answer>;
  /** The client may have another user, other rights, another name or protocol. */
  changed(): void;
  /** Forgets everything of this client there. Resolves once its commands are answered. */
  reset(): Promise<void>;
}

/** The error reply of the okq that serves to an operation that failed. */
export class PassedFailure extends StoreError {
  constructor(
    failure: StoreFailure,
    /** As that okq wrote it. */
    readonly text: string,
  ) {
    super(failure, text);
  }
}

const DISCARDED = prefixOf("transactionDiscarded");
const FAILURES: [prefix: string, failure: StoreFailure][] = [
  [prefixOf("storeUnavailable"), "unavailable"],
  [prefixOf("storeUnknown"), "unknown"],
  [prefixOf("storeRefused"), "refused"],
  [prefixOf("queueFull"), "refused"],
  [prefixOf("queuePaused"), "refused"],
];
/** Of an operation that was not done because of the one before. */
const EARLIER =
  /not done, because an earlier (operation|command) of this client (failed|was refused)$/;

/** Whether the okq that serves does no more commands of the client behind that error. */
export function isOfFailure(text: string): boolean {
  return EARLIER.test(text) || failureIn(text) !== null;
}

/** What an error reply says of an operation; null if it is about something else. */
export function failureIn(text: string): PassedFailure | null {
  if (EARLIER.test(text)) return null;
  const inner = text.startsWith(DISCARDED) ? text.slice(DISCARDED.length) : text;
  const found = FAILURES.find(([prefix]) => inner.startsWith(prefix));
  return found ? new PassedFailure(found[1], text) : null;
}

function prefixOf(name: keyof typeof errorTexts): string {
  return errorTexts[name].text.split("{", 1)[0]!;
}
