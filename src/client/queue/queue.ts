// A queue of okq: one method for each command. Its methods stand in the classes that it extends, by
// what they are for:
//
//   QueueChanges < ManagedQueue < QueueBase < PushingQueue < PoppingQueue < ClaimingQueue < Queue
import { ClaimingQueue } from "./claiming-queue.ts";

/** T is the type of the contents. */
export class Queue<T> extends ClaimingQueue<T> {}
