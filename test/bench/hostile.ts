// One hostile client in its own process: `bun hostile.ts KIND PORT okq|redis`. Prints `ready` when
// it starts its work, and `closed` when the server closes its connection. Runs until it is killed.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import type { Socket } from "bun";
import { Client } from "./client.ts";
import { hostileKinds, type HostileKind } from "./hostile-kinds.ts";

/** Sends the pieces in order and repeatedly, and continues where the socket accepted no more. */
class Flood {
  readonly #kind: HostileKind;
  #piece = 0;
  #offset = 0;
  #isScheduled = false;

  constructor(kind: HostileKind) {
    this.#kind = kind;
  }

  /** At most this many writes per turn, so that replies are read in between. */
  pump(socket: Socket, writesMax: number): void {
    for (let n = 0; n < writesMax; n++) {
      const piece = this.#kind.flood[this.#piece]!;
      const most = this.#kind.slowly?.bytes ?? piece.length;
      const wanted = Math.min(piece.length - this.#offset, most);
      const taken = socket.write(piece, this.#offset, wanted);
      if (taken < 0) return;
      this.#offset += taken;
      if (this.#offset === piece.length) this.#nextPiece(piece);
      if (taken < wanted) return;
    }
    if (this.#isScheduled || this.#kind.slowly !== undefined) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.pump(socket, writesMax);
    });
  }

  #nextPiece(piece: Buffer): void {
    this.#offset = 0;
    this.#piece = (this.#piece + 1) % this.#kind.flood.length;
    for (const idAt of this.#kind.idsAt ?? []) countUp(piece, idAt + 15);
  }
}

function countUp(bytes: Buffer, lastDigit: number): void {
  for (let at = lastDigit; ; at--) {
    if (bytes[at]! < 57) {
      bytes[at]!++;
      return;
    }
    bytes[at] = 48;
  }
}

async function main(name: string, port: number, isRedis: boolean): Promise<void> {
  const kind = hostileKinds[name]!(isRedis);
  if (kind.flood.length === 0) {
    console.log("ready");
    for (;;) Math.sqrt(performance.now());
  }
  await prepare(kind, port);
  const flood = new Flood(kind);
  const { slowly } = kind;
  await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (socket) => {
        if (!kind.isReading) socket.pause();
        if (slowly === undefined) flood.pump(socket, 16);
        else setInterval(() => flood.pump(socket, 1), slowly.everyMs);
      },
      data() {},
      drain: (socket) => flood.pump(socket, 16),
      close: () => console.log("closed"),
      error: () => console.log("closed"),
    },
  });
  console.log("ready");
}

/** Uses a connection of its own, because large commands may not fit into the socket at once. */
async function prepare(kind: HostileKind, port: number): Promise<void> {
  if (kind.prepare === undefined) return;
  const client = await Client.connect(port);
  for (const command of kind.prepare) await client.send(command);
  client.close();
}

await main(Bun.argv[2]!, Number(Bun.argv[3]), Bun.argv[4] === "redis");
