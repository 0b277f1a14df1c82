// One connection of the load generator: it keeps its operations in flight, checks every reply and
// writes once per wake-up. This is the hot path: no object per reply, commands are copied bytes.
import type { Socket } from "bun";
import type { Dialect, Expected, QueueCommands, Template } from "./dialects.ts";
import type { Latencies } from "./latencies.ts";
import type { LoadSpec } from "./load-spec.ts";
import type { ReplyScanner } from "./reply-scanner.ts";

const PUSH = 0;
const POP = 1;
const ACK = 2;
/** The first of two replies to an ack. */
const ACK_FIRST = 3;
const OPENING = 4;
/** Counts as an ack. */
const NEXT = 5;

/** The state that all connections of a run share. */
export interface LoadRun {
  spec: LoadSpec;
  dialect: Dialect;
  scanner: ReplyScanner;
  /** By step: push, pop, ack. */
  latencies: [Latencies, Latencies, Latencies];
  done: [number, number, number];
  nilPops: number;
  /** True from the start of the measured time until the last reply, however late it arrives. */
  isCounting: boolean;
  /** No new cycle begins; cycles in flight are completed. */
  isStopping: boolean;
  pushesLeft: number;
  onFinished: () => void;
  onFailed: (problem: string) => void;
}

/** Commands of one connection, gathered here during a wake-up and written at its end. */
let gathered = new Uint8Array(1 << 20);
let used = 0;

function gather(bytes: Uint8Array): void {
  if (used + bytes.length > gathered.length) grow(bytes.length);
  gathered.set(bytes, used);
  used += bytes.length;
}

function grow(more: number): void {
  const larger = new Uint8Array(2 * (gathered.length + more));
  larger.set(gathered.subarray(0, used));
  gathered = larger;
}

/** Increments the decimal number in place. */
function countOn({ bytes, numberAt, digits }: Template): void {
  for (let at = numberAt + digits - 1; at >= numberAt; at--) {
    const digit = bytes[at]!;
    if (digit < 57) {
      bytes[at] = digit + 1;
      return;
    }
    bytes[at] = 48;
  }
}

export class LoadConnection {
  readonly #run: LoadRun;
  readonly #commands: QueueCommands;
  readonly #scanner: ReplyScanner;
  socket: Socket<LoadConnection> | undefined;
  /** The steps in flight, in the order in which they were sent: a ring. */
  readonly #steps: Uint8Array;
  readonly #sentAt: Float64Array;
  readonly #mask: number;
  #head = 0;
  #tail = 0;
  /** The beginning of a reply that is not complete yet. */
  #rest: Uint8Array | undefined;
  /** Bytes that the socket has not accepted yet. */
  #unsent: Uint8Array | undefined;
  #isWarm = false;
  #cycles = 0;
  #openingReplies = 0;
  /** In paced runs the time when a delayed cycle was due; 0 if no cycle is delayed. */
  #owedSince = 0;

  constructor(run: LoadRun, commands: QueueCommands) {
    this.#run = run;
    this.#commands = commands;
    this.#scanner = run.scanner;
    let size = 4;
    while (size < 2 * run.spec.inFlight + commands.opening.replies.length) size *= 2;
    this.#steps = new Uint8Array(size);
    this.#sentAt = new Float64Array(size);
    this.#mask = size - 1;
  }

  get inFlight(): number {
    return this.#tail - this.#head;
  }

  /** Sends the opening and the first operations. */
  start(): void {
    const now = performance.now();
    used = 0;
    for (const _ of this.#commands.opening.replies) this.#expect(OPENING, now);
    gather(this.#commands.opening.bytes);
    if (this.#run.spec.paceMs === 0) this.#startCycles(now);
    else this.#isWarm = true;
    this.#flush();
  }

  /** In paced runs: begins a cycle now, or notes that it is delayed. */
  tick(): void {
    const now = performance.now();
    if (this.#run.isStopping) return;
    if (this.inFlight > 0) {
      if (this.#owedSince === 0) this.#owedSince = now;
      return;
    }
    used = 0;
    this.#push(now);
    this.#flush();
  }

  receive(chunk: Uint8Array): void {
    const now = performance.now();
    let bytes = chunk;
    if (this.#rest !== undefined) {
      bytes = Buffer.concat([this.#rest, chunk]);
      this.#rest = undefined;
    }
    used = 0;
    const end = bytes.length;
    let at = 0;
    while (at < end) {
      const next = this.#scanner.scan(bytes, at, end);
      if (next < 0) break;
      if (!this.#reply(bytes, now)) return this.#fail(bytes.subarray(at, next));
      at = next;
    }
    if (at < end) this.#rest = bytes.subarray(at);
    if (!this.#isWarm) this.#startCycles(now);
    this.#flush();
    if (this.#head === this.#tail && this.#run.isStopping) this.#run.onFinished();
  }

  drain(): void {
    const unsent = this.#unsent;
    if (unsent === undefined) return;
    const taken = this.socket!.write(unsent);
    if (taken < 0) return this.#run.onFailed("the connection was closed");
    this.#unsent = taken < unsent.length ? unsent.subarray(taken) : undefined;
  }

  /** Begins a third of the cycles per wake-up, so that the pipeline mixes pushes, pops and acks. */
  #startCycles(now: number): void {
    const { inFlight } = this.#run.spec;
    const more = Math.min(Math.ceil(inFlight / 3), inFlight - this.#cycles);
    for (let n = 0; n < more; n++) this.#begin(now);
    this.#cycles += more;
    this.#isWarm = this.#cycles === inFlight;
  }

  #begin(now: number): void {
    const { plan } = this.#run.spec;
    if (plan === "drain") this.#send(POP, this.#commands.popUnclaimed!, now);
    else if (plan === "cycle" || plan === "fill") this.#push(now);
    else if (!this.#run.isStopping) this.#send(POP, this.#commands.pop, now);
  }

  #push(now: number): void {
    const run = this.#run;
    if (run.isStopping) return;
    if (run.spec.plan === "fill" && run.pushesLeft-- <= 0) {
      run.isStopping = true;
      return;
    }
    const { push } = this.#commands;
    countOn(push);
    this.#send(PUSH, push.bytes, now);
  }

  #send(step: number, bytes: Uint8Array, now: number): void {
    gather(bytes);
    this.#expect(step, now);
  }

  #expect(step: number, now: number): void {
    const place = this.#tail++ & this.#mask;
    this.#steps[place] = step;
    this.#sentAt[place] = now;
  }

  /** Handles the reply that the scanner found last. Returns false if it is not as expected. */
  #reply(bytes: Uint8Array, now: number): boolean {
    if (this.#head === this.#tail) return false;
    const place = this.#head++ & this.#mask;
    const step = this.#steps[place]!;
    const { dialect, spec } = this.#run;
    switch (step) {
      case PUSH:
        if (!this.#isGood(dialect.pushed)) return false;
        this.#count(PUSH, now - this.#sentAt[place]!);
        if (spec.plan === "fill") this.#push(now);
        else this.#send(POP, this.#commands.pop, now);
        return true;
      case POP:
        return this.#popped(bytes, now, this.#sentAt[place]!);
      case ACK_FIRST:
        return this.#isGood(dialect.acked[0]!);
      case ACK:
        if (!this.#isGood(dialect.acked.at(-1)!)) return false;
        this.#count(ACK, now - this.#sentAt[place]!);
        this.#endCycle(now);
        return true;
      case NEXT:
        if (!this.#isGood(dialect.next!)) return false;
        if (this.#scanner.bulkBytes !== spec.contentsBytes) return false;
        this.#count(ACK, now - this.#sentAt[place]!);
        this.#next(bytes, now);
        return true;
      default:
        return this.#scanner.first === this.#commands.opening.replies[this.#openingReplies++];
    }
  }

  #popped(bytes: Uint8Array, now: number, sentAt: number): boolean {
    const { dialect, spec } = this.#run;
    const isNil = this.#scanner.value < 0;
    if (isNil && spec.plan === "drain") {
      this.#run.isStopping = true;
      return true;
    }
    if (isNil) {
      this.#run.nilPops++;
      this.#send(POP, this.#commands.pop, now);
      return true;
    }
    if (!this.#isGood(dialect.popped)) return false;
    if (this.#scanner.bulkBytes !== spec.contentsBytes) return false;
    this.#count(POP, now - sentAt);
    if (spec.plan === "drain") this.#send(POP, this.#commands.popUnclaimed!, now);
    else if (spec.plan === "next") this.#next(bytes, now);
    else if (dialect.acked.length === 0) this.#endCycle(now);
    else this.#ack(bytes, now);
    return true;
  }

  /** Acknowledges the event that the scanner found last, and pops another one. */
  #next(bytes: Uint8Array, now: number): void {
    if (this.#run.isStopping) return;
    this.#gatherWithId(this.#commands.next!, true, bytes);
    this.#expect(NEXT, now);
  }

  #gatherWithId(parts: Buffer[], hasToken: boolean, bytes: Uint8Array): void {
    const { idFrom, idTo, tokenFrom, tokenTo } = this.#scanner;
    for (let n = 0; n < parts.length; n++) {
      gather(parts[n]!);
      if (n === parts.length - 1) break;
      const [from, to] = hasToken && n === 1 ? [tokenFrom, tokenTo] : [idFrom, idTo];
      if (used + to - from > gathered.length) grow(to - from);
      for (let at = from; at < to; at++) gathered[used++] = bytes[at]!;
    }
  }

  #ack(bytes: Uint8Array, now: number): void {
    const { ack, acksWithToken } = this.#commands;
    this.#gatherWithId(ack, acksWithToken === true, bytes);
    if (this.#run.dialect.acked.length === 2) this.#expect(ACK_FIRST, now);
    this.#expect(ACK, now);
  }

  #endCycle(now: number): void {
    if (this.#run.spec.paceMs === 0) this.#begin(now);
    else this.#pushOwed();
  }

  /** Begins a delayed cycle. Its latency counts from the time when it was due. */
  #pushOwed(): void {
    if (this.#owedSince === 0) return;
    this.#push(this.#owedSince);
    this.#owedSince = 0;
  }

  #isGood(expected: Expected): boolean {
    if (this.#scanner.first !== expected.first) return false;
    return expected.value === undefined || this.#scanner.value === expected.value;
  }

  #count(step: 0 | 1 | 2, ms: number): void {
    this.#run.done[step]++;
    if (this.#run.isCounting) this.#run.latencies[step].add(ms);
  }

  #flush(): void {
    if (used === 0) return;
    if (this.#unsent !== undefined) {
      this.#unsent = Buffer.concat([this.#unsent, gathered.subarray(0, used)]);
      return;
    }
    const taken = this.socket!.write(gathered, 0, used);
    if (taken < 0) this.#run.onFailed("the connection was closed");
    else if (taken < used) this.#unsent = gathered.slice(taken, used);
  }

  #fail(reply: Uint8Array): void {
    const text = Buffer.from(reply.subarray(0, 200)).toString("latin1");
    this.#run.onFailed(`not the expected reply: ${JSON.stringify(text)}`);
  }
}
