// A TCP proxy that can break connections in every way that a network can.
import type { Socket, TCPSocketListener } from "bun";

/** To the server (requests) or to the client (replies). */
export type Direction = "requests" | "replies";

/**
 * - pass: bytes are forwarded
 * - hold: bytes wait here until the mode changes
 * - swallow: bytes vanish, while the connection looks alive
 * - delay: bytes are forwarded after delayMs
 */
export type Mode = "pass" | "hold" | "swallow" | "delay";

interface Way {
  mode: Mode;
  delayMs: number;
}

export class TcpProxy {
  /** Called with the bytes of a client before they are forwarded. */
  onRequest: ((bytes: Buffer) => void) | null = null;
  /** Called with the bytes of the server, which it may change. */
  onReply: ((bytes: Buffer) => void) | null = null;
  /** The number of chunks swallowed since the last set(). */
  swallowed = 0;
  readonly links = new Set<Link>();
  readonly ways: Record<Direction, Way> = {
    requests: { mode: "pass", delayMs: 0 },
    replies: { mode: "pass", delayMs: 0 },
  };
  readonly #target: number;
  #listener!: TCPSocketListener<Link>;
  #isRefusing = false;

  private constructor(target: number) {
    this.#target = target;
  }

  /** Starts a proxy in front of a port of the loopback. */
  static start(target: number): TcpProxy {
    const proxy = new TcpProxy(target);
    proxy.#listener = Bun.listen<Link>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => proxy.#opened(socket),
        data: (socket, chunk) => socket.data?.pass("requests", chunk),
        drain: (socket) => socket.data?.drained("replies"),
        close: (socket) => socket.data?.cut(),
        error: (socket) => socket.data?.cut(),
      },
    });
    return proxy;
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Sets the mode of one direction, for every connection. */
  set(direction: Direction, mode: Mode, delayMs = 0): void {
    this.ways[direction] = { mode, delayMs };
    this.swallowed = 0;
    if (mode === "pass") for (const link of this.links) link.release(direction);
  }

  /** Resets every connection. Held bytes are lost. */
  cut(): void {
    for (const link of this.links) link.cut();
  }

  /** Sets whether new connections are closed at once. */
  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing;
  }

  close(): void {
    this.#listener.stop(true);
    this.cut();
  }

  #opened(socket: Socket<Link>): void {
    if (this.#isRefusing) {
      socket.terminate();
      return;
    }
    const link = new Link(this, socket);
    socket.data = link;
    this.links.add(link);
    void link.connect(this.#target);
  }
}

/** One connection through the proxy. */
export class Link {
  readonly #proxy: TcpProxy;
  readonly #sides: Record<Direction, { to: Socket<Link> | null; held: Buffer[] }>;
  #isCut = false;

  constructor(proxy: TcpProxy, client: Socket<Link>) {
    this.#proxy = proxy;
    this.#sides = { requests: { to: null, held: [] }, replies: { to: client, held: [] } };
  }

  async connect(port: number): Promise<void> {
    try {
      const server = await Bun.connect<Link>({
        hostname: "127.0.0.1",
        port,
        data: this,
        socket: {
          data: (_socket, chunk) => this.pass("replies", chunk),
          drain: () => this.drained("requests"),
          close: () => this.cut(),
          error: () => this.cut(),
        },
      });
      if (this.#isCut) server.terminate();
      this.#sides.requests.to = server;
      if (this.#proxy.ways.requests.mode === "pass") this.release("requests");
    } catch {
      this.cut();
    }
  }

  pass(direction: Direction, chunk: Buffer): void {
    const { mode, delayMs } = this.#proxy.ways[direction];
    if (direction === "requests") this.#proxy.onRequest?.(chunk);
    else this.#proxy.onReply?.(chunk);
    if (mode === "swallow") this.#proxy.swallowed += 1;
    else if (mode === "delay") setTimeout(() => this.#send(direction, [chunk]), delayMs);
    else if (mode === "hold") this.#sides[direction].held.push(chunk);
    else this.#send(direction, [chunk]);
  }

  /** Forwards the held bytes. */
  release(direction: Direction): void {
    this.#send(direction, []);
  }

  drained(direction: Direction): void {
    if (this.#proxy.ways[direction].mode !== "hold") this.release(direction);
  }

  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#proxy.links.delete(this);
    for (const { to } of Object.values(this.#sides)) to?.terminate();
  }

  /** Forwards bytes after the bytes that are still held. */
  #send(direction: Direction, chunks: Buffer[]): void {
    const side = this.#sides[direction];
    side.held.push(...chunks);
    while (side.to && side.held.length > 0) {
      const first = side.held[0]!;
      const taken = Math.max(0, side.to.write(first));
      if (taken < first.length) {
        side.held[0] = first.subarray(taken);
        return;
      }
      side.held.shift();
    }
  }
}
