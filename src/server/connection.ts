// One client's connection. It starts the commands that arrive and sends their replies in order: see
// the picture in app/okq.ts.
// A client that sends more than okq can serve, or reads too slowly, waits (flow/).
import { dispatch } from "../commands/dispatch.ts";
import { errorReply } from "../commands/errors.ts";
import { Claimants } from "../queue/claimant.ts";
import { Consumer } from "../queue/consumer.ts";
import { Failures } from "../queue/failures.ts";
import type { Session } from "../queue/store.ts";
import type { ProtocolError } from "../resp/protocol-error.ts";
import type { ErrorReply } from "../resp/reply.ts";
import type { User } from "../users/user.ts";
import type { ClientSocket } from "./client-socket.ts";
import { Closing } from "./closing.ts";
import { Backoff } from "./flow/backoff.ts";
import { Input, type InputOwner } from "./flow/input.ts";
import { LARGE_COMMAND_BYTES_MIN } from "./flow/limits.ts";
import { Timeouts, type Watched } from "./flow/timeouts.ts";
import type { PauseReason } from "./flow/wait-reason.ts";
import { Messages } from "./messages.ts";
import { Peer } from "./peer.ts";
import { Pipeline } from "./pipeline.ts";
import { NOT_DONE_AFTER_REJECTED, rejection } from "./rejection.ts";
import { ReplyWriter } from "./reply-writer.ts";
import type { Shared } from "./shared.ts";
import { type CommandOwner, StartedCommand } from "./started-command.ts";

/*
 *   open ----- client half-closes -------> half-closed
 *     |                                        |
 *     | QUIT, protocol error, timeout,         | all commands that arrived are started,
 *     | okq ends                               | or a reason as on the left
 *     v                                        v
 *   draining: no more commands are started, replies to the earlier ones are sent
 *     |
 *     | all replies are sent
 *     v
 *   lingering: input is discarded until the client closes its half too (see Closing)
 *     |
 *     v
 *   closed: the socket is closed. Every other state may end here at once.
 */
type Life = "open" | "half-closed" | "draining" | "lingering" | "closed";

/** The signal of connections that are not open any more. */
const GONE = AbortSignal.abort();

export class Connection extends Peer implements CommandOwner, InputOwner, Watched {
  readonly session: Session;
  readonly consumer: Consumer;
  readonly claimants: Claimants;
  /** Failed operations of this client. The session has a count of its own, which only it sees. */
  readonly failures = new Failures();
  receivedBytes = 0;

  readonly #socket: ClientSocket;
  readonly #shared: Shared;
  readonly #input: Input;
  readonly #pipeline = new Pipeline();
  readonly #messages: Messages;
  readonly #writer: ReplyWriter;
  readonly #backoff: Backoff;
  readonly #timeouts: Timeouts;
  readonly #closing: Closing;
  #life: Life = "open";
  #user: User | null = null;
  #gone: AbortController | null = null;
  #isScheduled = false;
  /** When it last began to start commands. */
  #startsAtMs = 0;

  constructor(id: number, socket: ClientSocket, shared: Shared, unixPath?: string) {
    const { context } = shared;
    const { clock } = context;
    super(id, socket, clock.nowMs(), context.budgets.unsent, unixPath);
    this.session = context.store.session();
    this.consumer = new Consumer(context.consumers);
    this.claimants = new Claimants(context.processId, id);
    this.#socket = socket;
    this.#shared = shared;
    this.#timeouts = new Timeouts(context.settings, this.connectedAtMs);
    this.#backoff = new Backoff(clock, shared.scheduler, this.schedule);
    this.#closing = new Closing(socket, clock);
    this.#messages = new Messages(this.outbox, context.budgets.unsent, context.stats);
    const parts = {
      socket,
      pipeline: this.#pipeline,
      outbox: this.outbox,
      messages: this.#messages,
      closing: this.#closing,
      backoff: this.#backoff,
    };
    this.#writer = new ReplyWriter(context, parts);
    this.#input = new Input(this, shared, parts);
    this.user = context.users.stranger;
  }

  get user(): User | null {
    return this.#user;
  }

  /** Until its login a client may only send short commands. */
  set user(user: User | null) {
    this.#user = user;
    this.#input.limits = user ? this.#shared.parserLimits : this.#shared.strangerLimits;
  }

  /** Waits of this client end when it aborts. Most clients never wait, so it is made on demand. */
  get gone(): AbortSignal {
    if (this.#life !== "open") return GONE;
    this.#gone ??= new AbortController();
    return this.#gone.signal;
  }

  stopWaiting(reason?: unknown): void {
    this.#gone?.abort(reason);
    this.#gone = null;
  }

  get bytesIn(): number {
    return this.#input.bytes + this.#pipeline.unansweredBytes;
  }

  get bytesOut(): number {
    return this.outbox.length + this.#messages.length;
  }

  get sentBytes(): number {
    return this.outbox.sentBytes;
  }

  get inFlight(): number {
    return this.#pipeline.size;
  }

  get isBusy(): boolean {
    if (this.#pipeline.size > 0 || (this.subscriptions?.size ?? 0) > 0) return true;
    return this.#life === "draining" || this.#life === "lingering";
  }

  get pauseReason(): PauseReason | null {
    return this.#input.pauseReason;
  }

  get isLoggedIn(): boolean {
    return this.#user !== null;
  }

  get isClosed(): boolean {
    return this.#life === "closed";
  }

  get startsCommands(): boolean {
    return this.#life === "open" || this.#life === "half-closed";
  }

  /** Bytes arrived. */
  received(chunk: Buffer): void {
    const { stats, clock } = this.#shared.context;
    stats.bytesIn += chunk.length;
    this.receivedBytes += chunk.length;
    this.lastReceivedAtMs = clock.nowMs();
    this.#startsAtMs = this.lastReceivedAtMs;
    if (!this.startsCommands) return this.#closing.discard(chunk.length);
    this.#input.add(chunk);
    this.#guarded(this.#startCommands);
  }

  /** The socket can take more. */
  drained(): void {
    // Bun does not always report that a socket that is not read is closed. A write shows it.
    if (!this.outbox.drain()) return this.kill();
    this.schedule();
  }

  /** The client half-closed the connection: it sends no more, but may read. */
  halfClosed(): void {
    this.#closing.peerHalfClosed();
    if (this.#life === "lingering") return void this.#socket.close();
    if (this.#life === "open") this.#life = "half-closed";
    this.stopWaiting();
    this.schedule();
  }

  /** The socket is closed. With an error, the client did not get the last bytes. */
  closed(error?: Error): void {
    this.#life = "closed";
    this.stopWaiting();
    this.#closing.closed(!error && this.outbox.length === 0);
    this.#requeueUnsent();
    this.#shared.unstartedInput.leave(this);
    this.upstream?.leave();
    this.transaction?.release();
    const { context } = this.#shared;
    context.longReplies.leave(this);
    context.clients.delete(this.id);
    void this.consumer.leaveAll();
    context.subscriptions.leave(this);
    this.#messages.abandon();
  }

  send(message: Buffer): void {
    if (!this.startsCommands) return;
    this.#messages.add(message);
    if (!this.#messages.hasLostMany) return this.schedule();
    const { stats, warn } = this.#shared.context;
    stats.closedSlow += 1;
    warn("closed a client that does not read its messages", { addr: this.address });
    this.kill();
  }

  /** Sends the replies to the commands that were started, ends waits with nil, then closes. */
  quit(): void {
    if (this.startsCommands) this.#life = "draining";
    this.stopWaiting();
    this.upstream?.finish();
    this.schedule();
  }

  /** Closes at once. */
  kill(): void {
    this.#socket.terminate();
  }

  /** Looks, now and then, whether the client has exceeded a timeout. */
  check(nowMs: number): void {
    // The system reports room only when there is much of it.
    if (this.outbox.length > 0) this.drained();
    // The other okq watches a client of its own itself.
    if (this.#life === "closed" || this.isForwarded) return;
    this.#timeouts.observe(this, nowMs);
    const { stats, warn, budgets } = this.#shared.context;
    const timeout = this.#timeouts.passed(nowMs, budgets.unsent.isFull);
    if (timeout === null) return;
    if (timeout === "output") {
      stats.closedSlow += 1;
      const fields = { addr: this.address, unsent: this.bytesOut };
      warn("closed a client that does not read its replies", fields);
      return this.kill();
    }
    stats.closedIdle += 1;
    // A client that sends one wrong password after the other could stay busy for ever.
    const isBusyStranger = timeout === "login" && (this.isBusy || this.bytesOut > 0);
    if (isBusyStranger) this.kill();
    else this.quit();
  }

  /** Other clients waited too long for the rest of its command. */
  stalled(): void {
    if (!this.startsCommands) return;
    const { stats, warn } = this.#shared.context;
    stats.closedStalled += 1;
    const fields = { addr: this.address, unread: this.#input.bytes };
    warn("closed a client that kept others waiting for its command", fields);
    this.#answerWith(errorReply("stalled"));
    this.quit();
  }

  /** Sends replies that have become ready, and goes on with commands that wait. */
  afterTurn(): void {
    this.#isScheduled = false;
    if (this.#life === "closed") return;
    // A waiting command cannot delay the end of a client that has sent nothing after it.
    if (this.#life === "half-closed" && this.#input.bytes === 0) this.quit();
    else if (this.#life === "half-closed") this.upstream?.endWaits();
    this.#guarded(this.#flush);
    if (this.isClosed) return;
    if (this.#input.bytes > 0) this.#startsAtMs = this.#shared.context.clock.nowMs();
    this.#guarded(this.#startCommands);
  }

  readonly schedule = (): void => {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#shared.scheduler.add(this);
  };

  /** A bug in okq costs this client its connection, and the other clients nothing. */
  #guarded(work: () => void): void {
    try {
      return work();
    } catch (error) {
      this.#shared.context.reportFailure("serving a client", error as Error);
      this.kill();
    }
  }

  /** All commands that arrived are started. A part of the next one may be there. */
  allStarted(): void {
    const isIdle = this.#pipeline.size === 0 && this.outbox.length === 0;
    if (isIdle && this.#input.bytes === 0) this.afterFailure.idle();
    if (this.#life === "half-closed") this.quit();
  }

  /** Input that is not a command: answers it, and ends the connection if nothing can follow. */
  reject(error: ProtocolError): void {
    this.transaction?.abort();
    const { reply, isEnd } = rejection(error, this, this.#shared.context);
    this.afterFailure.begin(this.#answerWith(reply), NOT_DONE_AFTER_REJECTED);
    if (isEnd) this.quit();
  }

  /** Answers with an error in the place of a command. */
  #answerWith(reply: ErrorReply): StartedCommand {
    const command = new StartedCommand([], this, this.#shared.context);
    this.beginCommand();
    command.beganAtMs = this.#startsAtMs;
    command.answer = reply;
    this.#enqueue(command);
    this.schedule();
    return command;
  }

  #enqueue(command: StartedCommand): void {
    command.isSilent = this.isSilent;
    command.protocol = this.protocol;
    this.#pipeline.add(command);
  }

  start(args: Buffer[]): void {
    const { context } = this.#shared;
    context.stats.commands += 1;
    this.beginCommand();
    const command = new StartedCommand(args, this, context);
    command.beganAtMs = this.#startsAtMs;
    command.takings = this.#pipeline.takings;
    command.answer = dispatch(command, this.afterFailure.reply);
    this.#enqueue(command);
    if (this.afterFailure.reply) {
      const bytes = this.receivedBytes - this.#input.unparsedBytes;
      this.afterFailure.refusedTo(bytes, this.receivedBytes);
    }
    if (command.answer === undefined) {
      this.#awaitAnswer(command);
      command.submitOrAwait();
    } else this.schedule();
  }

  #awaitAnswer(command: StartedCommand): void {
    const { budgets, clock } = this.#shared.context;
    command.countBytes();
    if (command.bytes >= LARGE_COMMAND_BYTES_MIN) command.startedAtMs = clock.nowMs();
    budgets.unanswered.take(command.bytes);
    this.#pipeline.awaitAnswer(command);
  }

  answered(command: StartedCommand, forLater: ErrorReply | null): void {
    this.#shared.context.budgets.unanswered.release(command.bytes);
    this.#pipeline.answered(command);
    if (command.startedAtMs > 0) this.#backoff.afterWork(command.startedAtMs);
    if (forLater) this.afterFailure.begin(command, forLater);
    if (this.#life === "closed") return this.#requeueUnsent();
    // The reply to HELLO is in the protocol that it chose.
    if (command.isExclusive) command.protocol = this.protocol;
    this.schedule();
  }

  readonly #startCommands = (): void => this.#input.startCommands();

  /** Sends the replies that are ready. */
  readonly #flush = (): void => {
    this.#writer.flush();
    if (this.outbox.length > 0) return;
    if (this.afterFailure.reply) this.#repliesSent();
    const hasMessages = this.#messages.length > 0 && !this.#pipeline.isBegun;
    if (this.#pipeline.answeredAt(0) || hasMessages) this.schedule();
    else if (this.#life === "draining" && this.#pipeline.size === 0) this.#linger();
  };

  #repliesSent(): void {
    this.afterFailure.repliesSent(this.#pipeline, {
      bytes: this.receivedBytes,
      areStarted: this.#input.bytes === 0,
      isPaused: this.#input.pauseReason !== null,
    });
  }

  /** All replies are sent: only the socket is left. */
  #linger(): void {
    this.#life = "lingering";
    void this.consumer.leaveAll();
    this.#input.close();
    this.#closing.begin();
  }

  /** Once all commands are answered, so that the events keep their order. */
  #requeueUnsent(): void {
    if (!this.#pipeline.isAnswered) return;
    this.#pipeline.abandon();
    this.outbox.abandon();
    this.#closing.requeue();
    // After the events that go back uncounted: these count as crashes.
    this.held?.release(this.#shared.context.store.session());
  }
}
