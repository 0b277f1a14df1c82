// The commands that a client has sent since MULTI: checked, and not done.
import type { Operation } from "../queue/operations.ts";
import { isView } from "../queue/name-cache.ts";
import { eventsOf, queuesOf, TRANSACTION_EVENTS_MAX } from "../queue/transaction.ts";
import { VIEW_BYTES } from "../resp/unpinned.ts";
import type { Budget } from "./budget.ts";
import { commandError } from "./errors.ts";

const COMMANDS_MAX = 1000;
/** So many events of the largest size fit in. */
const LARGEST_EVENTS = 2;
/** Shorter commands get memory of their own: views would keep all that came with them. */
const COPIED_BYTES_MAX = 16 * 1024;

/** What bounds a transaction. */
interface Bounds {
  /** Shared by all clients. */
  budget: Budget;
  maxEventBytes: number;
  /** See Store. */
  partOf: ((queue: Buffer) => number) | null;
}

/** C: what it keeps of a command besides its arguments. */
export class QueuedCommands<C = unknown> {
  readonly #bounds: Bounds;
  #list: { command: C; args: Buffer[] }[] = [];
  #bytes = 0;
  #events = 0;
  /** The part of the store that their queues are in. */
  #part: number | undefined;
  #isAborted = false;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get list(): readonly { command: C; args: Buffer[] }[] {
    return this.#list;
  }

  /** The memory of the commands. */
  get bytes(): number {
    return this.#bytes;
  }

  /** EXEC does nothing. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** A command had an error. */
  abort(): void {
    this.#isAborted = true;
    this.release();
  }

  /** Forgets the commands. May be called again. */
  release(): void {
    this.#bounds.budget.release(this.#bytes);
    this.#bytes = 0;
    this.#list = [];
  }

  /** `operations`: what the command asks of the store. Throws a CommandError. */
  add(command: C, given: Buffer[], operations: readonly Operation[]): void {
    if (this.#isAborted) return;
    const args = own(given);
    const bytes = args.reduce((sum, { length }) => sum + length + VIEW_BYTES, 0);
    this.#checkBounds(bytes, operations);
    this.#checkPart(operations);
    this.#list.push({ command, args });
    this.#bytes += bytes;
    this.#bounds.budget.take(bytes);
  }

  #checkBounds(more: number, operations: readonly Operation[]): void {
    const { budget, maxEventBytes } = this.#bounds;
    checkMost("commands in a transaction", this.#list.length + 1, COMMANDS_MAX);
    this.#events += operations.reduce((sum, each) => sum + eventsOf(each), 0);
    checkMost("events in a transaction", this.#events, TRANSACTION_EVENTS_MAX);
    const bytesMax = LARGEST_EVENTS * maxEventBytes + COMMANDS_MAX * VIEW_BYTES;
    const bytes = this.#bytes + more;
    if (bytes > bytesMax) throw commandError("transactionTooLarge", { bytes, bytesMax });
    if (budget.isFull) throw commandError("tooManyTransactions");
  }

  #checkPart(operations: readonly Operation[]): void {
    const { partOf } = this.#bounds;
    if (!partOf) return;
    for (const queue of operations.flatMap(queuesOf)) {
      const part = partOf(queue);
      this.#part ??= part;
      if (part !== this.#part) throw commandError("transactionApart", { queue });
    }
  }
}

function checkMost(things: string, count: number, max: number): void {
  if (count > max) throw commandError("tooMany", { things, count, max });
}

function own(args: Buffer[]): Buffer[] {
  const bytes = args.reduce((sum, { length }) => sum + length, 0);
  if (bytes > COPIED_BYTES_MAX) return args;
  return args.map((argument) => (isView(argument) ? copyOf(argument) : argument));
}

function copyOf(argument: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(argument.length);
  copy.set(argument);
  return copy;
}
