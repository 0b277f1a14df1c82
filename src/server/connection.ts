// One client's connection: bytes in become commands under way, their answers leave in order.
// Bounds keep any client from holding up the others: commands under way, output that it does not
// take, time per turn. At a bound its further commands wait unread.
import type { Socket } from "bun";
import { Handout, LongReply } from "../commands/answer.ts";
import type { Client } from "../commands/caller.ts";
import { dispatch } from "../commands/dispatch.ts";
import { Consumer } from "../queue/consumer.ts";
import { Order } from "../queue/order.ts";
import type { Session } from "../queue/store.ts";
import { Parser } from "../resp/parser.ts";
import { ProtocolError } from "../resp/protocol-error.ts";
import { Failure, Output } from "../resp/reply.ts";
import type { User } from "../users/user.ts";
import {
  CLOCKED_BYTES_MIN,
  LARGE_BYTES_MIN,
  LARGE_OUTPUT_BYTES_MIN,
  REST_MS,
  TURN_MS_MAX,
  UNDER_WAY_BYTES_MAX,
  UNREAD_BYTES_MAX,
  UNSENT_BYTES_MAX,
} from "./bounds.ts";
import { Farewell } from "./farewell.ts";
import { Outbox, type Pending } from "./outbox.ts";
import { Patience } from "./patience.ts";
import { Peer } from "./peer.ts";
import { Refusal } from "./refusal.ts";
import { NOT_DONE_BEHIND, rejection } from "./rejection.ts";
import { Rest } from "./rest.ts";
import type { Shared } from "./shared.ts";
import { Slot, type SlotOwner } from "./slot.ts";
import { FREE_BYTES, type Holder } from "./unread.ts";
import { Window } from "./window.ts";

/** Replies are written here first: all of one connection's turn, then it is free for the next. */
const output = new Output();
const NO_HANDOUTS: Pending[] = [];

export class Connection extends Peer implements Client, SlotOwner, Holder {
  isPaused = false;
  isClosed = false;
  readonly session: Session;
  readonly consumer: Consumer;
  readonly order = new Order();
  readonly #socket: Socket<Connection>;
  readonly #shared: Shared;
  readonly #parser: Parser;
  readonly #outbox: Outbox;
  #user: User | null = null;
  #slots: Slot[] = [];
  readonly #window = new Window();
  /** A command that the ones behind it must wait for is under way. */
  #isHeld = false;
  readonly #rest = new Rest(() => this.#requestTurn());
  #underWayBytes = 0;
  #receivedBytes = 0;
  readonly #patience = new Patience(performance.now());
  #hasTurn = false;
  /** The client sends no more. What it sent is still answered. */
  #hasEnded = false;
  /** No more commands are started; the connection closes when all replies are out. */
  #isEnding = false;
  readonly refusal = new Refusal<Slot>();
  #gone: AbortController | null = null;
  readonly #farewell: Farewell;

  constructor(id: number, socket: Socket<Connection>, shared: Shared, unixPath?: string) {
    super(id, socket, unixPath);
    this.session = shared.context.store.session();
    this.consumer = new Consumer(shared.context.consumers);
    this.#socket = socket;
    this.#farewell = new Farewell(socket);
    this.#shared = shared;
    this.#parser = new Parser(shared.parserLimits);
    this.#outbox = new Outbox(socket, shared.context.stats);
    this.user = shared.context.users.stranger;
  }

  get user(): User | null {
    return this.#user;
  }

  set user(user: User | null) {
    this.#user = user;
    this.#parser.limits = user ? this.#shared.parserLimits : this.#shared.strangerLimits;
  }

  get gone(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.isClosed || this.#hasEnded || this.#isEnding) this.#gone.abort();
    return this.#gone.signal;
  }

  stopWaiting(): void {
    this.#gone?.abort();
    this.#gone = null;
  }

  get bytesIn(): number {
    return this.#parser.heldBytes + this.#underWayBytes;
  }

  get bytesOut(): number {
    return this.#outbox.length;
  }

  get inFlight(): number {
    return this.#slots.length;
  }

  /** Bytes arrived. */
  received(chunk: Buffer): void {
    this.#shared.context.stats.bytesIn += chunk.length;
    this.#receivedBytes += chunk.length;
    if (this.#isEnding) return this.#farewell.received(chunk.length);
    this.#parser.feed(chunk);
    this.#guarded(() => this.#work());
  }

  /** The socket can take more. */
  drained(): void {
    // Of a socket that is not read, Bun does not always tell that it is gone: a write shows it.
    if (!this.#outbox.drain()) return this.kill();
    this.#requestTurn();
  }

  /** Called now and then: closes it when the client does not do its part. */
  check(nowMs: number): void {
    // The system says that there is room only when there is a lot.
    if (this.#outbox.length > 0) this.drained();
    if (this.isClosed) return;
    const state = {
      address: this.address,
      sentBytes: this.#outbox.sentBytes,
      unsentBytes: this.#outbox.length,
      receivedBytes: this.#receivedBytes,
      isBusy: this.#slots.length > 0 || this.#isEnding,
      isStranger: this.#user === null,
    };
    const verdict = this.#patience.check(state, nowMs, this.#shared);
    if (verdict) this[verdict]();
  }

  /** Others waited too long for the rest of its command. */
  stalled(): void {
    if (this.#isEnding) return;
    const { context } = this.#shared;
    context.stats.closedStalled += 1;
    const [addr, unread] = [this.address, this.#parser.heldBytes];
    context.warn("closed a client that kept others waiting for its command", { addr, unread });
    const error = "ERR the rest of the command did not come while others had to wait for room";
    this.#answerWith(new Failure(error));
    this.quit();
  }

  /** The client sends no more, but may still read. What it waits for has lost its point. */
  ended(): void {
    this.#hasEnded = true;
    this.#gone?.abort();
    if (this.#farewell.isBegun) this.#socket.close();
    else this.#requestTurn();
  }

  /** With an error, the client did not take the last that it was sent. */
  closed(error?: Error): void {
    this.isClosed = true;
    this.#gone?.abort();
    this.#farewell.closed(!error && this.#outbox.length === 0);
    this.#giveBack();
    this.#shared.unread.leave(this);
    const { context } = this.#shared;
    context.longReplies.leave(this);
    context.clients.delete(this.id);
    void this.consumer.leaveAllBut([]);
  }

  /** Once all is answered, for the last event popped must be the first to go back in line. */
  #giveBack(): void {
    if (this.#slots.some(({ answer }) => answer === undefined)) return;
    for (const slot of this.#slots.splice(0).toReversed()) slot.abandon();
    this.#outbox.abandon();
    this.#farewell.giveBack();
  }

  /** Answers what is under way, ends waiting with nil, then closes. */
  quit(): void {
    this.#isEnding = true;
    this.#gone?.abort();
    this.#requestTurn();
  }

  kill(): void {
    this.#socket.terminate();
  }

  /** Called at the end of a turn that it was requested in. */
  takeTurn(): void {
    this.#hasTurn = false;
    if (this.isClosed) return;
    // With nothing left to start it ends in this turn, even if it may not start more commands now.
    if (this.#hasEnded && this.#parser.heldBytes === 0) this.#isEnding = true;
    this.#guarded(() => this.#flush());
    if (!this.isClosed) this.#guarded(() => this.#work());
  }

  /** A mistake of ours costs this client its connection, and the others nothing. */
  #guarded(work: () => void): void {
    try {
      return work();
    } catch (error) {
      output.clear();
      this.#shared.context.reportFailure("serving a client", error as Error);
      this.kill();
    }
  }

  #requestTurn(): void {
    if (this.#hasTurn) return;
    this.#hasTurn = true;
    this.#shared.turns.add(this);
  }

  /** Starts commands until they run out, a bound is reached, or the turn was long enough. */
  #work(): void {
    const startedAt = this.#parser.heldBytes > CLOCKED_BYTES_MIN ? performance.now() : 0;
    let isTurnOver = false;
    let hasWorked = false;
    let hasStarted = false;
    while (!isTurnOver && this.#mayStart()) {
      const args = this.#nextCommand();
      if (args) this.#start(args);
      else if (args === undefined && !this.#parser.isBusy) return this.#ranOut(hasStarted);
      hasStarted ||= args !== undefined;
      hasWorked = true;
      isTurnOver = startedAt > 0 && performance.now() - startedAt > TURN_MS_MAX;
    }
    this.#readOn(hasStarted, false);
    if (hasWorked && this.#shared.turns.isCrowded) this.#rest.take(REST_MS);
    else if (isTurnOver) this.#requestTurn();
  }

  /** Everything that arrived is under way, but for a command that has arrived in part. */
  #ranOut(hasStarted: boolean): void {
    const areAnswered = this.#slots.length === 0 && this.#outbox.length === 0;
    if (areAnswered && this.#parser.heldBytes === 0) this.refusal.end();
    if (this.#hasEnded) this.quit();
    this.#readOn(hasStarted, true);
  }

  /** Or not, by what waits unread here and at all clients; isCut: only more bytes can help. */
  #readOn(hasStarted: boolean, isCut: boolean): void {
    const { unread } = this.#shared;
    const bytes = this.#parser.heldBytes;
    const isOver = this.#isEnding || this.isClosed;
    if (isOver) unread.leave(this);
    else if (hasStarted && bytes > 0) unread.stepBack(this);
    const mayRead = isOver || unread.mayRead(this, bytes, isCut);
    this.#pause(!mayRead || (!isCut && bytes > UNREAD_BYTES_MAX));
  }

  #mayStart(): boolean {
    if (this.#isHeld || this.#isEnding || this.isClosed || this.#rest.isResting) return false;
    const inFlight = this.#slots.length;
    const unsentMax = this.#shared.isFullOfReplies ? 0 : UNSENT_BYTES_MAX;
    if (this.#window.isFull(inFlight) || this.#outbox.length > unsentMax) return false;
    if (this.#underWayBytes >= UNDER_WAY_BYTES_MAX) return false;
    // One small command is always fine: so INFO is answered while the store is not.
    return this.#shared.hasRoom(this) || (inFlight === 0 && this.#parser.heldBytes <= FREE_BYTES);
  }

  /** The next whole command; null for one that was refused in its place. */
  #nextCommand(): Buffer[] | null | undefined {
    try {
      return this.#parser.next();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { text, isEnd } = rejection(error, this, this.#shared.context);
      this.refusal.begin(this.#answerWith(new Failure(text)), NOT_DONE_BEHIND);
      if (isEnd) this.quit();
      return isEnd ? undefined : null;
    }
  }

  /** Answers in the place of a command. */
  #answerWith(failure: Failure): Slot {
    const slot = new Slot(this, [], this, this.#shared.context);
    this.beginCommand();
    slot.answer = failure;
    this.#push(slot);
    this.#requestTurn();
    return slot;
  }

  #push(slot: Slot): void {
    slot.isSilent = this.isSilent;
    slot.protocol = this.protocol;
    this.#slots.push(slot);
  }

  #start(args: Buffer[]): void {
    const { context } = this.#shared;
    context.stats.commands += 1;
    this.lastCommandAtMs = Date.now();
    this.beginCommand();
    const slot = new Slot(this, args, this, context);
    slot.answer = dispatch(slot, this.refusal.reply);
    this.#push(slot);
    if (this.refusal.reply) {
      const bytes = this.#receivedBytes - this.#parser.unreadBytes;
      this.refusal.refusedTo(bytes, this.#receivedBytes);
    }
    if (slot.answer === undefined) {
      this.#hold(slot);
      slot.wait();
    } else this.#requestTurn();
  }

  #hold(slot: Slot): void {
    slot.count();
    if (slot.bytes >= LARGE_BYTES_MIN) slot.startedAtMs = performance.now();
    this.#underWayBytes += slot.bytes;
    this.#shared.take(slot.bytes);
    if (slot.isHolding) this.#isHeld = true;
  }

  settled(slot: Slot, refusal: Failure | null): void {
    this.#shared.release(slot.bytes);
    this.#underWayBytes -= slot.bytes;
    slot.bytes = 0;
    if (slot.startedAtMs > 0 && this.#shared.turns.isCrowded) this.#rest.after(slot.startedAtMs);
    if (refusal) this.refusal.begin(slot, refusal);
    if (this.isClosed) return this.#giveBack();
    if (slot.isHolding) {
      this.#isHeld = false;
      // Of a HELLO that had to wait for a password.
      slot.protocol = this.protocol;
    }
    this.#requestTurn();
  }

  /** Sends the answers that are there and whose turn it is, in one write. */
  #flush(): void {
    let handouts = NO_HANDOUTS;
    let done = 0;
    for (const slot of this.#slots) {
      if (slot.answer === undefined) break;
      if (this.#outbox.length + output.length > UNSENT_BYTES_MAX) break;
      if (!slot.isSilent && !slot.write(output)) break;
      done += 1;
      const { answer } = slot;
      if (answer instanceof LongReply) answer.release();
      if (answer instanceof Failure) this.#shared.context.stats.errors += 1;
      if (!(answer instanceof Handout) || slot.isSilent) continue;
      if (this.#hasEnded) this.#farewell.doubt(answer);
      else if (handouts === NO_HANDOUTS) handouts = [{ end: output.length, handout: answer }];
      else handouts.push({ end: output.length, handout: answer });
    }
    this.#slots.splice(0, done);
    if (output.length > 0) {
      this.#shared.context.stats.bytesOut += output.length;
      const startedAt = output.length > LARGE_OUTPUT_BYTES_MIN ? performance.now() : 0;
      this.#outbox.send(output.bytes(), handouts);
      this.#window.answered(done, output.length, this.#outbox.length === 0);
      output.clear();
      if (startedAt > 0 && this.#shared.turns.isCrowded) this.#rest.after(startedAt);
    }
    if (this.#outbox.length > 0) return;
    if (this.refusal.reply) this.#answered();
    if (this.#slots[0]?.answer !== undefined) this.#requestTurn();
    else if (this.#isEnding && this.#slots.length === 0) this.#end();
  }

  #answered(): void {
    const [bytes, areStarted] = [this.#receivedBytes, this.#parser.heldBytes === 0];
    this.refusal.answered(this.#slots, { bytes, areStarted, isPaused: this.isPaused });
  }

  /** All replies are out: only the socket is left. */
  #end(): void {
    if (this.#farewell.isBegun) return;
    void this.consumer.leaveAllBut([]);
    this.#parser.close();
    this.#shared.unread.leave(this);
    this.#pause(false);
    this.#farewell.begin(this.#hasEnded);
  }

  /** Whether the socket is read no further, so that its client has to wait. */
  #pause(isPaused: boolean): void {
    if (isPaused === this.isPaused) return;
    this.isPaused = isPaused;
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }
}
