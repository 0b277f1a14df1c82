// The client at the other end of a connection: its address, and the facts that it sent of itself.
import type { Socket } from "bun";
import type { ProtocolVersion } from "../resp/reply.ts";
import { Endpoints } from "./endpoints.ts";

export class Peer extends Endpoints {
  readonly connectedAtMs = Date.now();
  lastCommandAtMs = this.connectedAtMs;
  lastCommand = "";
  name = "";
  libraryName = "";
  libraryVersion = "";
  protocol: ProtocolVersion = 2;
  replies: "on" | "off" | "skip" = "on";
  skipsReply = false;
  isRefusingTransaction = false;

  constructor(
    readonly id: number,
    socket: Socket<unknown>,
    unixPath?: string,
  ) {
    super(socket, unixPath);
  }

  /** Before each command: CLIENT REPLY SKIP was about the one that follows. */
  beginCommand(): void {
    this.skipsReply = this.replies === "skip";
    if (this.skipsReply) this.replies = "on";
  }

  /** Whether the command under way is not answered. */
  get isSilent(): boolean {
    return this.replies !== "on" || this.skipsReply;
  }
}
