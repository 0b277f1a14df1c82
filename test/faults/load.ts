// Producers and consumers that record their commands and the answers in an account. After a failure
// they continue on a new connection as soon as commands succeed again.
import { eventually, pacing } from "../support/eventually.ts";
import type { Decoded } from "../support/reply-decoder.ts";
import { type Argument, CLOSED, Wire } from "../support/wire.ts";
import { Account, contentsOf, type Outcome } from "./account.ts";
import { kindOf } from "./error-kind.ts";
import { checked, CLIENT_PATIENCE_MS, untilAccepted, untilWorked } from "./until-accepted.ts";
import { type Exchange, TokenConsumer } from "./token-consumer.ts";

export interface LoadOptions {
  /** The port of okq for a client; called for every connection. */
  port(client: number): number;
  producers?: number;
  consumers?: number;
  queues?: string[];
  /** Commands that a client has in flight. */
  depth?: number;
  /** The lease of consumers in seconds. */
  lease?: number;
  /** The number of pushes after which a producer checks if it is too far ahead of the consumers. */
  ahead?: number;
  /** Consumers name their claims by token, fail and redo some, and are late with some. */
  hasTokens?: boolean;
}

/** In seconds. An event whose pop has an unknown outcome must be requeued during the drain. */
const DRAIN_LEASE = 5;
/** A step of a client takes at least so long: faults last for seconds, and servers need time. */
export const STEP_MS = 25;

export class Load {
  readonly account = new Account();
  /** The longest time from sending commands to their last reply or the end of the connection. */
  slowestMs = 0;
  /** The numbers of error replies by kind. */
  readonly errors = new Map<string, number>();
  readonly #options: Required<LoadOptions>;
  readonly #running: Promise<void>[] = [];
  #isStopped = false;
  #pushed = 0;
  #acked = 0;

  constructor(options: LoadOptions) {
    this.#options = {
      producers: 4,
      consumers: 4,
      queues: ["a", "b"],
      depth: 8,
      lease: 1,
      ahead: 500,
      hasTokens: false,
      ...options,
    };
    const { producers, consumers } = this.#options;
    for (let at = 0; at < producers; at++) this.#run(at, (wire) => this.#produce(wire, at));
    for (let at = 0; at < consumers; at++) this.#run(at, (wire) => this.#consume(wire, at));
  }

  /** The number of pushes answered with OK so far. */
  get pushed(): number {
    return this.#pushed;
  }

  /** The number of acks answered with 1 so far. */
  get acked(): number {
    return this.#acked;
  }

  /** The number of error replies so far. */
  get failed(): number {
    return [...this.errors.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Resolves after that many more successful pushes and acks. */
  async progress(count: number, timeoutMs = 30_000): Promise<void> {
    const [pushed, acked] = [this.#pushed + count, this.#acked + count];
    await eventually(() => this.#pushed >= pushed && this.#acked >= acked, {
      timeoutMs,
      message: `${count} more pushes and acks succeed`,
    });
  }

  /** Stops the clients when their commands in flight are answered. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }

  /** Ends the load without any check, after a failed test. */
  async close(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#running);
  }

  /** Pops and acks all events through that port, until no event is ready or claimed. */
  async drain(port: number, timeoutMs = 60_000): Promise<void> {
    const { queues } = this.#options;
    let status: Decoded = null;
    const drained = async (wire: Wire) => {
      for (const queue of queues) while ((await this.#popAndAck(wire, queue, DRAIN_LEASE)) > 0);
      status = checked(await wire.call("QSTATUS", ...queues));
      const isEmpty = (status as Decoded[][]).every(([, total]) => total === 0);
      if (!isEmpty) throw new Error("not all queues are drained");
    };
    try {
      await untilWorked(() => port, drained, timeoutMs);
    } catch (error) {
      throw new Error(`left: ${JSON.stringify(status)}`, { cause: error });
    }
  }

  #run(client: number, step: (wire: Wire) => Promise<void>): void {
    const run = async () => {
      while (!this.#isStopped) {
        const wire = await this.#connect(client);
        if (!wire) return;
        try {
          while (!this.#isStopped) await step(wire);
        } catch (error) {
          const { message } = error as Error;
          if (message !== CLOSED) this.account.fault(message);
        } finally {
          wire.close();
        }
      }
    };
    this.#running.push(run());
  }

  /** Connects as soon as okq accepts connections. Null if the load was stopped before. */
  async #connect(client: number): Promise<Wire | null> {
    const connected = await eventually(
      async () => this.#isStopped || (await Wire.connect(this.#options.port(client))),
      { timeoutMs: 60_000, message: "okq accepts a connection" },
    );
    return connected === true ? null : (connected as Wire);
  }

  async #produce(wire: Wire, client: number): Promise<void> {
    const { queues, depth, ahead } = this.#options;
    const queue = queues[client % queues.length]!;
    const begunAtMs = performance.now();
    const isFull = () => this.#pushed - this.#acked > ahead * this.#options.producers;
    await eventually(() => this.#isStopped || !isFull(), { timeoutMs: 60_000 });
    const ids = Array.from({ length: depth }, () => this.account.newId());
    for (const id of ids) this.account.pushing(id, `${queue} of ${client}`);
    const left = [...ids];
    const failed = await this.#exchange(
      wire,
      ids.map((id) => ["QLPUSH", queue, id, contentsOf(id)]),
      (reply) => {
        const outcome = outcomeOf(reply, isOk);
        this.account.pushed(left.shift()!, outcome);
        if (outcome === "done") this.#pushed += 1;
      },
    );
    if (failed) await this.#untilAvailable(wire, queue);
    await pacing(begunAtMs, STEP_MS);
  }

  async #consume(wire: Wire, client: number): Promise<void> {
    const { queues, lease } = this.#options;
    const queue = queues[client % queues.length]!;
    await this.#untilDone(wire, "QREGISTER", queue);
    const { hasTokens, depth } = this.#options;
    const consumer = new TokenConsumer(this.account, () => (this.#acked += 1), outcomeOf);
    const exchange: Exchange = (commands, take) => this.#exchange(wire, commands, take);
    while (!this.#isStopped) {
      const begunAtMs = performance.now();
      const found = hasTokens
        ? await consumer.popAndEnd(exchange, queue, lease, depth)
        : await this.#popAndAck(wire, queue, lease);
      if (found > 0) await pacing(begunAtMs, STEP_MS);
      else if (found < 0) await this.#untilAvailable(wire, queue);
      else this.#noted(await wire.call("QNOTIFY", "0.5"));
    }
  }

  /** The number of events popped; -1 if an answer was an error. */
  async #popAndAck(wire: Wire, queue: string, lease: number): Promise<number> {
    const popped: string[] = [];
    const sentAt = this.account.now();
    const claim = { sentAtMs: performance.now(), leaseMs: lease * 1000 };
    const pops = Array.from({ length: this.#options.depth }, () => {
      return ["QRPOP", queue, "EX", String(lease)];
    });
    let unanswered = pops.length;
    let failed: boolean;
    try {
      failed = await this.#exchange(wire, pops, (reply) => {
        if (outcomeOf(reply, () => false) !== "unknown") unanswered -= 1;
        if (!Array.isArray(reply)) return;
        const [id, contents] = reply as [Buffer, Buffer];
        this.account.delivered(id.toString(), contents, sentAt, claim);
        popped.push(id.toString());
      });
    } finally {
      if (unanswered > 0) this.account.lostPop(sentAt);
    }
    for (const id of popped) this.account.releasing(id);
    const left = [...popped];
    try {
      const acks = popped.map((id) => ["QACK", queue, id]);
      failed = (await this.#exchange(wire, acks, (reply) => this.#acknowledged(left, reply)))
        ? true
        : failed;
    } finally {
      for (const id of left) this.account.acked(id, "unknown");
    }
    return failed ? -1 : popped.length;
  }

  #acknowledged(left: string[], reply: Decoded): void {
    const outcome = outcomeOf(reply, (value) => value === 1);
    const id = left.shift()!;
    this.account.acked(id, outcome);
    if (outcome !== "unknown") this.account.released(id);
    if (outcome === "done") this.#acked += 1;
  }

  /** Sends commands in one write and passes on the replies. Returns whether any was an error. */
  async #exchange(
    wire: Wire,
    commands: Argument[][],
    take: (reply: Decoded) => void,
  ): Promise<boolean> {
    const startedAt = performance.now();
    let failed = false;
    try {
      wire.pipeline(...commands);
      for (const _ of commands) {
        const reply = await wire.next();
        if (this.#noted(reply)) failed = true;
        take(reply);
      }
    } finally {
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
    }
    return failed;
  }

  /** Repeats a query until it succeeds, so that the load does not get thousands of errors. */
  #untilAvailable(wire: Wire, queue: string): Promise<void> {
    return this.#untilDone(wire, "QLPEEK", queue);
  }

  async #untilDone(wire: Wire, ...command: Argument[]): Promise<void> {
    const isDone = (reply: Decoded) => !this.#noted(reply) || this.#isStopped;
    await untilAccepted(wire, command, isDone, CLIENT_PATIENCE_MS);
  }

  /** Counts the reply if it is an error, and returns whether it is one. */
  #noted(reply: Decoded): boolean {
    const error = errorOf(reply);
    if (error === null) return false;
    const kind = kindOf(error);
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
    return true;
  }
}

export function isOk(reply: Decoded): boolean {
  return reply !== null && typeof reply === "object" && "simple" in reply && reply.simple === "OK";
}

export function errorOf(reply: Decoded): string | null {
  return reply !== null && typeof reply === "object" && "error" in reply ? reply.error : null;
}

export function outcomeOf(reply: Decoded, isDone: (reply: Decoded) => boolean): Outcome {
  if (isDone(reply)) return "done";
  return errorOf(reply)?.startsWith("ERR store outcome unknown: ") ? "unknown" : "refused";
}
