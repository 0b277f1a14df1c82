// Clients that misbehave during a load: they die in the middle of a command, do not read, leave
// while they wait, abandon popped events, or send events of megabytes. Each step is one short
// connection. They record their pops from the queues of the load in the account.
import { Random } from "../stores/random.ts";
import { lasting } from "../support/eventually.ts";
import { CLOSED, frame, Wire } from "../support/wire.ts";
import type { Account } from "./account.ts";
import { errorOf, isOk } from "./load.ts";

const STEP_WEIGHTS = {
  abandons: 4,
  redoes: 4,
  popsAndLeaves: 3,
  diesInCommand: 4,
  leavesWaiting: 3,
  readsNothing: 2,
  sendsMegabytes: 2,
  killsClient: 1,
  greets: 3,
};
const LEASE = "1";
/** How the connection of a killed or leaving client ends. */

export class MisbehavingClients {
  connections = 0;
  readonly #port: number;
  readonly #account: Account;
  readonly #queues: string[];
  readonly #random: Random;
  readonly #running: Promise<void>[];
  #isStopped = false;

  constructor(options: { port: number; account: Account; queues: string[]; seed: number }) {
    this.#port = options.port;
    this.#account = options.account;
    this.#queues = options.queues;
    this.#random = new Random(options.seed);
    this.#running = Array.from({ length: 6 }, (_, at) => this.#run(at));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }

  async #run(at: number): Promise<void> {
    while (!this.#isStopped) {
      const wire = await Wire.connect(this.#port);
      try {
        await this.#step(wire, at);
        this.connections += 1;
      } catch (error) {
        const { message } = error as Error;
        if (message !== CLOSED) this.#account.fault(message);
      } finally {
        wire.reset();
      }
    }
  }

  async #step(wire: Wire, at: number): Promise<void> {
    const kind = this.#random.weighted(STEP_WEIGHTS);
    const queue = this.#random.of(this.#queues);
    if (kind === "abandons") await this.#pop(wire, queue);
    else if (kind === "redoes") await this.#redo(wire, queue);
    else if (kind === "popsAndLeaves") this.#popAndLeave(wire, queue, 5);
    else if (kind === "diesInCommand") this.#dieInCommand(wire, queue);
    else if (kind === "leavesWaiting") await this.#leaveWaiting(wire);
    else if (kind === "readsNothing") await this.#readNothing(wire, queue);
    else if (kind === "sendsMegabytes") await this.#sendMegabytes(wire, `megabytes ${at}`);
    else if (kind === "killsClient") await this.#killClient(wire);
    else await wire.call("HELLO", 3, "SETNAME", "guest");
  }

  async #pop(wire: Wire, queue: string): Promise<string | null> {
    const sentAt = this.#account.now();
    const lease = { sentAtMs: performance.now(), leaseMs: Number(LEASE) * 1000 };
    // Until the pop is answered, it may pop any event.
    const reply = await wire.call("QRPOP", queue, "EX", LEASE).catch((error: unknown) => {
      this.#account.lostPop(sentAt);
      throw error;
    });
    if (!Array.isArray(reply)) return null;
    const [id, contents] = reply as [Buffer, Buffer];
    this.#account.delivered(id.toString(), contents, sentAt, lease);
    return id.toString();
  }

  async #redo(wire: Wire, queue: string): Promise<void> {
    const id = await this.#pop(wire, queue);
    if (id === null) return;
    this.#account.releasing(id);
    await wire.call("QACK", queue, id, "REDO");
    this.#account.released(id);
  }

  /** Leaves before the answers arrive, so the popped events are unknown. */
  #popAndLeave(wire: Wire, queue: string, count: number): void {
    this.#account.lostPop(this.#account.now());
    wire.pipeline(...times(count, ["QRPOP", queue, "EX", LEASE]));
  }

  /** No client may ever get this event: it is not in the account. */
  #dieInCommand(wire: Wire, queue: string): void {
    const push = frame(["QLPUSH", queue, "never whole", Buffer.alloc(this.#random.below(90_000))]);
    wire.send(push.subarray(0, this.#random.below(push.length)));
  }

  async #leaveWaiting(wire: Wire): Promise<void> {
    await wire.call("QREGISTER", "nothing", "here");
    wire.pipeline(["QNOTIFY", "30"]);
    await lasting(20);
    if (this.#random.below(2) === 0) wire.endSending();
  }

  async #readNothing(wire: Wire, queue: string): Promise<void> {
    wire.pause(true);
    wire.pipeline(...times(500, ["COMMAND", "DOCS"]));
    this.#popAndLeave(wire, queue, 1);
    await lasting(50);
  }

  /** Uses a queue of its own. An earlier connection may have ended before its ack. */
  async #sendMegabytes(wire: Wire, queue: string): Promise<void> {
    const contents = Buffer.alloc(500_000 + this.#random.below(2_000_000), "megabytes\r\n");
    await wire.call("QFLUSH", queue);
    const pushed = await wire.call("QLPUSH", queue, "1", contents);
    if (!isOk(pushed)) return this.#account.fault(`megabytes: ${errorOf(pushed)}`);
    const popped = (await wire.call("QRPOP", queue, "EX", 60)) as [Buffer, Buffer];
    if (!popped?.[1].equals(contents)) this.#account.fault("megabytes came with other contents");
    if ((await wire.call("QACK", queue, "1")) !== 1) this.#account.fault("megabytes: no ack");
  }

  /** Kills any client except the first, which reads figures for the soak. */
  async #killClient(wire: Wire): Promise<void> {
    const list = String(await wire.call("CLIENT", "LIST"));
    const ids = [...list.matchAll(/^id=(\d+) .* name=(?!observer)/gm)].map(([, id]) => id!);
    await wire.call("CLIENT", "KILL", "ID", this.#random.of(ids));
    await lasting(200);
  }
}

function times(count: number, command: string[]): string[][] {
  return Array.from({ length: count }, () => command);
}
