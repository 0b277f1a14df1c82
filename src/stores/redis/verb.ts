// A verb of a script as okq calls it: the arguments of a call, and the results in its reply.
import type { Popped } from "../../queue/event.ts";
import type { StoreError } from "../../queue/errors.ts";
import type { Operation, ResultOf } from "./operation.ts";
import { contentsOf, headOf, pushedAtMsOf, Value } from "./value.ts";

export type Argument = string | Buffer | Value;
/** A reply of the script. ioredis gives bulk strings as Buffers. */
export type ScriptReply = null | number | Buffer | Error | ScriptReply[];
/** The number that a queue has in the batch, noting it if it is new there. */
export type NumberOf = (queue: Buffer) => string;

/** What all calls of a batch have in common. */
export interface Encoding {
  numberOf: NumberOf;
  /** Large contents are sent beside the script. */
  isStaged: boolean;
  /** About what the server's clock shows. */
  nowMs: number;
  /** For the heads of its values. */
  batchNumber: number;
  /** The head of an event without headers that is pushed now. */
  plainHead: Buffer;
}

/** The value of an event that is pushed now. */
export function valueOf(
  contents: Buffer,
  headers: Buffer | null,
  { nowMs, batchNumber, plainHead }: Encoding,
): Value {
  return new Value(headers ? headOf(nowMs, headers, batchNumber) : plainHead, contents);
}

type OperationOf<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

export interface Verb<K extends Operation["kind"]> {
  /** Its name in the script, and of its file. */
  name: string;
  call(operations: OperationOf<K>[], encoding: Encoding): Argument[];
  /** One result per operation, in their order. An error is of an operation that was refused. */
  results(
    reply: ScriptReply,
    operations: OperationOf<K>[],
  ): (ResultOf<OperationOf<K>> | StoreError)[];
  /** Of a verb that the end of its batch may cut: how many of its operations the reply has. */
  doneIn?(reply: ScriptReply): number;
}

/** What undoes a pop. */
export interface Undo {
  /** Different from every other claim that the event has had or will have. */
  claim: number;
  leaseMs: number;
  /**
   * The event's rank in the line; null when the rank follows from the claim; LEFT when it was taken
   * at the left end.
   */
  place: number | "LEFT" | null;
  /** Of an event that the pop removed: its value, and its rare facts, errors and log. */
  value: Buffer | null;
  kept: (Buffer | null)[] | null;
}

/** Stands for the contents of a popped event that are still to be fetched. */
export const ABSENT: Buffer = Buffer.alloc(0);

/** A popped event without a token. value: null if it is still to be fetched. */
export function poppedOf(queue: Buffer, id: Buffer, value: Buffer | null, undo: Undo): Popped {
  const contents = value ? contentsOf(value) : ABSENT;
  const pushedAtMs = value ? pushedAtMsOf(value) : 0;
  return { queue, id, contents, token: null, attempt: 1, headers: null, pushedAtMs, undo };
}
