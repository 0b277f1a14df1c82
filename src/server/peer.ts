// The client at the other end of a connection: its address, and its settings for the connection.
import type { Budget } from "../commands/budget.ts";
import type { QueuedCommands } from "../commands/queued-commands.ts";
import type { ClientSubscriptions } from "../commands/subscription.ts";
import type { HeldClaims } from "../queue/held-claims.ts";
import type { ProtocolVersion } from "../resp/reply.ts";
import type { ClientSocket } from "./client-socket.ts";
import { CommandsAfterFailure } from "./commands-after-failure.ts";
import { Endpoints } from "./endpoints.ts";
import type { ClientUpstream } from "./forward/client-upstream.ts";
import { Outbox } from "./outbox.ts";

export class Peer extends Endpoints {
  lastReceivedAtMs: number;
  lastCommand = "";
  name = "";
  libraryName = "";
  libraryVersion = "";
  protocol: ProtocolVersion = 2;
  replies: "on" | "off" | "skip" = "on";
  skipsReply = false;
  transaction: QueuedCommands | null = null;
  subscriptions: ClientSubscriptions | null = null;
  held: HeldClaims | null = null;
  /** Set by the server, before the first command. */
  upstream: ClientUpstream | null = null;
  isForwarded = false;
  protected readonly outbox: Outbox;
  protected readonly afterFailure = new CommandsAfterFailure<unknown>();

  constructor(
    readonly id: number,
    socket: ClientSocket,
    readonly connectedAtMs: number,
    unsent: Budget,
    unixPath?: string,
  ) {
    super(socket, unixPath);
    this.lastReceivedAtMs = connectedAtMs;
    this.outbox = new Outbox(socket, unsent, this);
  }

  forwardFor(address: string, isFailureSeen: boolean): void {
    // Not again for a new name: commands that the other okq sent before may still be on their way.
    if (!this.isForwarded || isFailureSeen) this.afterFailure.endOnlyNow();
    this.isForwarded = true;
    // Nobody passes on what was passed on.
    this.upstream = null;
    this.address = address;
  }

  confirmReplies(bytes: number, isGone: boolean): void {
    this.outbox.confirm(bytes);
    if (isGone) this.outbox.lose();
  }

  /** Called before each command: CLIENT REPLY SKIP is about the next one. */
  beginCommand(): void {
    this.skipsReply = this.replies === "skip";
    if (this.skipsReply) this.replies = "on";
  }

  /** The current command is not answered. */
  get isSilent(): boolean {
    return this.replies !== "on" || this.skipsReply;
  }
}
