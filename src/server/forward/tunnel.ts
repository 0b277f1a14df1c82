// A unix socket whose connections lead through TLS to the okq that serves: Bun's fetch cannot
// compare a certificate with the one that the bucket names, and this can.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Socket, UnixSocketListener } from "bun";
import type { OpenUpstream, Place, UpstreamSocket } from "./upstream-socket.ts";

export class Tunnel {
  readonly #open: OpenUpstream | null;
  #folder: string | null = null;
  #listener: UnixSocketListener<Passage> | null = null;
  #place: Place | null = null;

  /** open: null where there is no other okq. */
  constructor(open: OpenUpstream | null) {
    this.#open = open;
  }

  /** The path of the unix socket that leads there. Only this user can connect to it. */
  pathTo(place: Place): string {
    this.#place = place;
    this.#folder ??= mkdtempSync(join(tmpdir(), "okq-"));
    const path = join(this.#folder, "http");
    this.#listener ??= this.#listen(path);
    return path;
  }

  close(): void {
    this.#listener?.stop(true);
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
    this.#listener = null;
    this.#folder = null;
  }

  #listen(path: string): UnixSocketListener<Passage> {
    return Bun.listen<Passage>({
      unix: path,
      allowHalfOpen: true,
      socket: {
        open: (socket) => {
          socket.data = new Passage(socket, this.#open!, this.#place!);
        },
        data: ({ data }, chunk) => data.outward.add(chunk),
        drain: ({ data }) => data.inward.flush(),
        end: ({ data }) => data.outward.end(),
        close: ({ data }) => data.leave(),
      },
    });
  }
}

/** One connection: both directions. */
class Passage {
  readonly inward: Direction;
  readonly outward: Direction;
  #upstream: UpstreamSocket | null = null;
  #hasLeft = false;

  constructor(socket: Socket<Passage>, open: OpenUpstream, place: Place) {
    this.inward = new Direction(() => this.#upstream);
    this.outward = new Direction(() => socket);
    this.inward.target = socket;
    const handlers = {
      data: (chunk: Buffer) => this.inward.add(chunk),
      drained: () => this.outward.flush(),
      closed: () => this.inward.end(),
    };
    open(place, handlers).then(
      (upstream) => {
        if (this.#hasLeft) return upstream.terminate();
        this.#upstream = upstream;
        this.outward.target = upstream;
        this.outward.flush();
      },
      () => socket.terminate(),
    );
  }

  leave(): void {
    this.#hasLeft = true;
    this.#upstream?.terminate();
  }
}

type End = Pick<UpstreamSocket, "write" | "shutdown" | "pause" | "resume">;

/** Bytes in one direction. While the target takes none, nothing is read from the source. */
class Direction {
  target: End | null = null;
  readonly #source: () => End | null;
  #waiting: Buffer[] = [];
  #hasEnded = false;

  constructor(source: () => End | null) {
    this.#source = source;
  }

  add(chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.flush();
  }

  /** The source sends no more. */
  end(): void {
    this.#hasEnded = true;
    this.flush();
  }

  flush(): void {
    const { target } = this;
    if (target) this.#sendTo(target);
    if (this.#waiting.length > 0) return void this.#source()?.pause();
    this.#source()?.resume();
    if (this.#hasEnded && target) target.shutdown();
  }

  #sendTo(target: End): void {
    while (this.#waiting.length > 0) {
      const chunk = this.#waiting[0]!;
      const taken = Math.max(0, target.write(chunk, 0, chunk.length));
      if (taken < chunk.length) {
        this.#waiting[0] = chunk.subarray(taken);
        break;
      }
      this.#waiting.shift();
    }
  }
}
