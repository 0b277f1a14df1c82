// The sessions of the store. A single lane keeps the order of a session's operations. With one lane
// per shard, an operation for another lane waits until those before it are done.
import type { StoreError } from "../../queue/errors.ts";
import type { Operation, ResultOf } from "../../queue/operations.ts";
import { type Receiver, Session } from "../../queue/store.ts";
import { Position } from "./call.ts";
import type { Lane } from "./lane.ts";
import type { Ask } from "./move-apart.ts";
import { type KnownShards, shardOfAll, spread } from "./spread.ts";

/** All of its operations go through one lane. */
export class LaneSession extends Session {
  readonly #lane: Lane;
  readonly #position = new Position();

  constructor(lane: Lane) {
    super();
    this.#lane = lane;
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void {
    this.#lane.submit(operation, receiver, this.#position);
  }
}

interface Pending {
  operation: Operation;
  receiver: Receiver<never>;
  /** The session's failures when it was submitted. */
  failures: number;
}

/** Its operations go through the lane of their shard, or through several at once. */
export class ShardedSession extends Session {
  readonly #lanes: Lane[];
  readonly #position = new Position();
  /** The shard of the operations under way; null: there are several. */
  #shard: number | null = null;
  #underWay = 0;
  /** Submitted after it, for other lanes, in order. */
  #pending: Pending[] = [];
  readonly #known: KnownShards;

  constructor(lanes: Lane[], known: KnownShards) {
    super();
    this.#lanes = lanes;
    this.#known = known;
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void {
    const shard = shardOfAll(operation);
    if (this.#pending.length === 0 && this.#mayStart(shard))
      this.#start(operation, receiver, shard);
    else {
      const failures = this.#position.count;
      this.#pending.push({ operation, receiver, failures });
    }
  }

  #mayStart(shard: number | null): boolean {
    return this.#underWay === 0 || (shard !== null && shard === this.#shard);
  }

  #start(operation: Operation, receiver: Receiver<never>, shard: number | null): void {
    this.#shard = shard;
    this.#underWay += 1;
    const settling: Receiver<never> = {
      succeeded: (result) => {
        this.#underWay -= 1;
        receiver.succeeded(result);
        this.#startPending();
      },
      failed: (error) => {
        this.#underWay -= 1;
        receiver.failed(error);
        this.#startPending();
      },
    };
    if (shard !== null) this.#lanes[shard]!.submit(operation, settling, this.#position);
    else {
      const parts = spread(operation, this.#ask, this.#known);
      parts.then(settling.succeeded, (error: StoreError) => {
        this.#position.add(error);
        settling.failed(error);
      });
    }
  }

  /** In order. Operations after a failure are refused. */
  #startPending(): void {
    let taken = 0;
    for (const { operation, receiver, failures } of this.#pending) {
      const isRefused = this.#position.hasNewSince(failures);
      const shard = shardOfAll(operation);
      if (isRefused ? this.#underWay > 0 : !this.#mayStart(shard)) break;
      taken += 1;
      if (isRefused) receiver.failed(this.#position.earlierFailure());
      else this.#start(operation, receiver, shard);
    }
    if (taken > 0) this.#pending = this.#pending.slice(taken);
  }

  /** Nothing else of the session is under way, so parts of an operation need no order. */
  readonly #ask: Ask = (shard, operation) =>
    new Promise((resolve, reject) => {
      const receiver = { succeeded: resolve, failed: reject };
      this.#lanes[shard]!.submit(operation, receiver, new Position());
    });
}
