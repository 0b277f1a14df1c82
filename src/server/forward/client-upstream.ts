// The way of one client to the okq that serves, while this one stands by. Its commands on queues go
// through a connection of its own there, so that they keep their order, and so that the okq that
// serves notices when the client is gone.
import { randomBytes } from "node:crypto";
import type { Answer, Receivable } from "../../commands/answer.ts";
import type { Client } from "../../commands/caller.ts";
import type { Context } from "../../commands/context.ts";
import type { Entry } from "../../commands/entry.ts";
import { isOfFailure, type Upstream } from "../../commands/failover.ts";
import { FAILURE_SEEN, forwardArguments } from "../../commands/forward.ts";
import { StoreError } from "../../queue/errors.ts";
import { VIEW_BYTES } from "../../resp/unpinned.ts";
import { limitsProblem } from "../../users/limits.ts";
import {
  executedWhole,
  type Forwardable,
  ForwardedCommand,
  ForwardedSubscribe,
  type Subscribed,
  transactionOf,
} from "./forwarded-command.ts";
import type { LinkReceipt } from "./delivery.ts";
import { type Awaiting, introductionOf, Link, type LinkOwner, refusedBecause } from "./link.ts";
import type { OpenUpstream } from "./upstream-socket.ts";

/** Messages that came before the client had the reply to SUBSCRIBE. */
const EARLY_BYTES_MAX = 1024 * 1024;
const MARK_BYTES = 12;
/** What a client had sent before it left is sent on within this time. */
const LEAVE_MS_MAX = 5_000;

/** The connection of the client. */
export type ForwardedClient = Client & { readonly schedule: () => void };

export interface UpstreamParts {
  context: Context;
  /** Not null where there are several okq. */
  openUpstream: OpenUpstream | null;
}

export class ClientUpstream implements Upstream, LinkOwner {
  readonly #client: ForwardedClient;
  readonly #parts: UpstreamParts;
  #link: Link | null = null;
  /** The secret of the okq at its other end. */
  #secret = "";
  /** What that okq was told of the client. */
  #told = "";
  /** That okq refuses commands because one failed, until it is told that the failure is seen. */
  #refuses = false;
  /** It is being told: errors up to its answer are of commands that were sent before. */
  #isTelling = false;
  /** That okq keeps something for this connection, such as what it has subscribed to. */
  #isKept = false;
  /** Replies to SUBSCRIBE that are not written yet, and messages that came behind them. */
  #unconfirmed = 0;
  #early: Buffer[] = [];
  #earlyBytes = 0;
  /** The client is gone. */
  #hasLeft = false;
  /** Commands that wait there. */
  #waits = 0;
  #whenReset: (() => void) | null = null;

  constructor(client: ForwardedClient, parts: UpstreamParts) {
    this.#client = client;
    this.#parts = parts;
  }

  get isUsed(): boolean {
    return this.#parts.context.failover!.role !== "serving";
  }

  get isWaiting(): boolean {
    return this.#waits > 0;
  }

  /** Whether a wait may be sent before another one, which is equal, is answered. */
  get mayWait(): boolean {
    return !this.#link?.isFinished;
  }

  get getsArrays(): boolean {
    const { protocol, subscriptions } = this.#client;
    return protocol === 2 && (subscriptions?.size ?? 0) > 0;
  }

  /** Passes the command on, and sets its receipt. Fails it if that is not possible. */
  send(args: Buffer[], given: Forwardable & Receivable, entry: Entry): void {
    const link = this.#openLink();
    if (link instanceof StoreError) return given.failed(link);
    const command = given.waits ? this.#waiting(given) : given;
    if (entry.command.isOfConnection) this.#isKept = true;
    if (entry.command.isForSubscribers) return this.#subscribe(link, args, command);
    const { unsent } = this.#parts.context.budgets;
    const receipt = given.isReading ? null : link.delivery.begin();
    given.receipt = receipt;
    const { schedule } = this.#client;
    link.send(args, new ForwardedCommand(command, link, unsent, schedule, receipt));
    // Behind equal waits that are passed on with it.
    if (given.waits && this.#client.gone.aborted) queueMicrotask(() => this.endWaits());
  }

  transact(commands: Buffer[][], call: Receivable): Promise<Buffer[]> {
    return new Promise((resolve, reject) => {
      const problem = this.#transact(commands, call, (link, receipt) =>
        executedWhole({ resolve, reject }, () => receipt.came(link.repliedBytes)),
      );
      if (problem) reject(problem);
    });
  }

  passTransaction(commands: Buffer[][], call: Receivable): Promise<Answer> {
    const { unsent } = this.#parts.context.budgets;
    const { schedule } = this.#client;
    return new Promise((resolve, reject) => {
      const exec = { isReading: false, waits: false, passed: resolve, failed: reject };
      const problem = this.#transact(
        commands,
        call,
        (link, receipt) => new ForwardedCommand(exec, link, unsent, schedule, receipt),
      );
      if (problem) reject(problem);
    });
  }

  /** Returns an error if it cannot be passed on. */
  #transact(
    commands: Buffer[][],
    call: Receivable,
    executed: (link: Link, receipt: LinkReceipt) => Awaiting,
  ): StoreError | null {
    const link = this.#openLink();
    if (link instanceof StoreError) return link;
    const receipt = link.delivery.begin();
    call.receipt = receipt;
    for (const { args, awaiting } of transactionOf(commands, executed(link, receipt))) {
      link.send(args, awaiting);
    }
    return null;
  }

  changed(): void {
    const link = this.#link;
    if (!link || link.isFinished) return;
    const { told } = this.#introduction(this.#secret);
    if (told === this.#told) return;
    if (this.#waits === 0) return void this.#openLink();
    // That okq hears of it behind the waits, which the client may have no right to any more.
    this.endWaits();
    if (this.#isKept) this.#client.quit();
  }

  async reset(): Promise<void> {
    const link = this.#link;
    if (!link) return;
    this.#isKept = false;
    this.#takeEarly();
    const isReset = new Promise<void>((resolve) => (this.#whenReset = resolve));
    link.finish();
    await isReset;
  }

  /**
   * The client sends no more, and all that it has sent is passed on: its waits end. Without any the
   * link stays, to tell the okq that serves what the client gets.
   */
  finish(): void {
    if (this.#waits > 0) this.#link?.finish();
  }

  /** It sends no more, but has sent others behind its waits: they go through another link. */
  endWaits(): void {
    const link = this.#link;
    if (this.#waits === 0 || !link || link.isFinished) return;
    const { user, address, protocol, name, held } = this.#client;
    // What it has claimed does not go back with this link: it may end these claims yet.
    const anew = { user, address, protocol, name, held: null };
    if (held) this.#introduceAgain(link, forwardArguments(this.#secret, anew));
    link.finish();
  }

  /** The client is gone. */
  leave(): void {
    this.#hasLeft = true;
    this.#takeEarly();
    const link = this.#link;
    if (!link) return;
    link.leave(this.#parts.context.budgets.unanswered);
    this.#cutLater(link);
  }

  /** Another okq serves, or none, or this one. */
  servingChanged(): void {
    if (this.#link && this.#secretNow() !== this.#secret) {
      this.#link.cut("the okq that served does not serve any more");
    }
  }

  /** Commands on their way fail. The next one opens another link. */
  cut(problem: string): void {
    this.#link?.cut(problem);
  }

  refused(text: string, isLast: boolean): void {
    // Commands that are on their way were sent before this failure was seen. Another error says
    // nothing of the commands behind it: one of them may have failed already.
    if (!this.#isTelling && (isLast || isOfFailure(text))) this.#refuses = true;
  }

  message(bytes: Buffer): void {
    if (!this.#client.subscriptions) return;
    if (this.#unconfirmed === 0) return this.#client.send(Buffer.from(bytes));
    const { budgets, stats } = this.#parts.context;
    const kept = bytes.length + VIEW_BYTES;
    if (this.#earlyBytes + kept > EARLY_BYTES_MAX || budgets.unsent.isFull) stats.messagesLost += 1;
    else {
      this.#early.push(Buffer.from(bytes));
      this.#keepEarly(this.#earlyBytes + kept);
    }
  }

  closed(link: Link): void {
    if (link !== this.#link) return;
    this.#link = null;
    this.#isTelling = false;
    this.#whenReset?.();
    this.#whenReset = null;
    if (this.#isKept && !link.isFinished) this.#client.quit();
  }

  /** The same command, counted until it is answered. */
  #waiting(command: Forwardable): Forwardable {
    this.#waits += 1;
    return {
      isReading: command.isReading,
      waits: true,
      passed: (answer) => {
        this.#waits -= 1;
        command.passed(answer);
      },
      failed: (error) => {
        this.#waits -= 1;
        command.failed(error);
      },
    };
  }

  /** Of the okq that commands are to be passed on to; empty if there is none. */
  #secretNow(): string {
    const { role, serving } = this.#parts.context.failover!;
    return role === "serving" ? "" : (serving?.secret ?? "");
  }

  /** A connection to the okq that serves, which knows the client as it is now; or why not. */
  #openLink(): Link | StoreError {
    const { failover } = this.#parts.context;
    const secret = this.#secretNow();
    if (secret === "") return new StoreError("unavailable", failover!.reason);
    // A transaction with a login, say, may come to this later: nobody would close the link.
    if (this.#hasLeft) return new StoreError("unavailable", "the client is gone");
    const { user } = this.#client;
    const problem = user && limitsProblem(user);
    if (problem !== null) {
      this.cut(problem);
      return new StoreError("refused", problem);
    }
    if (this.#link?.isFinished) this.#leaveFinished(this.#link);
    const { introduction, told } = this.#introduction(secret);
    if (this.#link && (this.#refuses || told !== this.#told)) {
      this.#introduceAgain(this.#link, introduction);
    }
    this.#refuses = false;
    this.#told = told;
    this.#secret = secret;
    this.#link ??= new Link(failover!.serving!, this.#parts.openUpstream!, introduction, this);
    return this.#link;
  }

  #introduction(secret: string): { introduction: Buffer[]; told: string } {
    const introduction = forwardArguments(secret, this.#client);
    return { introduction, told: introduction.join("\n") };
  }

  /** Its commands are answered. The okq that serves closes it. */
  #leaveFinished(link: Link): void {
    this.#link = null;
    this.#isKept = false;
    this.#refuses = false;
    this.#isTelling = false;
    this.#cutLater(link);
  }

  #cutLater(link: Link): void {
    this.#parts.context.clock.after(LEAVE_MS_MAX, () => link.cut("the client is gone"));
  }

  #introduceAgain(link: Link, introduction: Buffer[]): void {
    const isTelling = this.#refuses;
    if (isTelling) introduction.push(FAILURE_SEEN);
    this.#isTelling ||= isTelling;
    const introduced = introductionOf((refusal) => {
      if (isTelling) this.#isTelling = false;
      if (refusal !== null) link.cut(refusedBecause(refusal));
    });
    link.send(introduction, introduced);
  }

  #subscribe(link: Link, args: Buffer[], command: Forwardable): void {
    const mark = randomBytes(MARK_BYTES).toString("hex");
    this.#unconfirmed += 1;
    const onChange = (change: Subscribed) => this.#note(change);
    const confirmed = () => this.#confirmed();
    const { unsent } = this.#parts.context.budgets;
    const subscribing = new ForwardedSubscribe(command, mark, unsent, onChange, confirmed);
    link.send(args, subscribing, [Buffer.from("PING"), Buffer.from(mark)]);
  }

  /** As the okq that serves knows it, for CLIENT LIST and for what a subscriber may not do. */
  #note({ kind, name, isNew }: Subscribed): void {
    const { subscriptions } = this.#parts.context;
    if (isNew) subscriptions.add(this.#client, kind, name);
    else subscriptions.remove(this.#client, kind, name);
  }

  #confirmed(): void {
    this.#unconfirmed -= 1;
    if (this.#unconfirmed > 0) return;
    for (const message of this.#takeEarly()) this.#client.send(message);
  }

  #takeEarly(): Buffer[] {
    const early = this.#early;
    this.#early = [];
    this.#keepEarly(0);
    return early;
  }

  #keepEarly(bytes: number): void {
    this.#parts.context.budgets.unsent.change(bytes - this.#earlyBytes);
    this.#earlyBytes = bytes;
  }
}
