// Who is at the other end of a connection, and what the client has said of itself.
import type { Socket } from "bun";
import type { ProtocolVersion } from "../resp/reply.ts";

export class Peer {
  readonly remoteAddress: string | null;
  readonly address: string;
  readonly localAddress: string;
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
  queues: Buffer[] = [];

  constructor(
    readonly id: number,
    socket: Pick<Socket, "remoteAddress" | "remotePort" | "localAddress" | "localPort">,
    unixPath?: string,
  ) {
    const isUnix = unixPath !== undefined;
    this.remoteAddress = isUnix ? null : socket.remoteAddress;
    this.address = isUnix ? `${unixPath}:0` : `${socket.remoteAddress}:${socket.remotePort}`;
    this.localAddress = isUnix ? `${unixPath}:0` : `${socket.localAddress}:${socket.localPort}`;
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
