// Clients that send the requests of their roles, and record what they say and hear in a ledger.
// Every second one speaks RESP3. After a failure they continue on a new connection.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { eventually, pacing } from "../support/eventually.ts";
import type { Decoded } from "../support/reply-decoder.ts";
import { CLOSED, Wire } from "../support/wire.ts";
import type { Choose, Request, Role } from "./list-requests.ts";
import { errorOf, outcomeOf, STEP_MS } from "./load.ts";

const OPEN_MAX = 400;
const LONG = { timeoutMs: 60_000 };

interface Ledger {
  /** Of all pushes that were done, those that may still be there. */
  readonly open: number;
  fault(text: string): void;
}

export class RequestLoad<L extends Ledger> {
  /** The numbers of error replies by their first words. */
  readonly errors = new Map<string, number>();
  readonly #running: Promise<void>[];
  #isStopped = false;
  #steps = 0;
  /** A reply said that the store cannot be reached. */
  #isAway = false;

  /** The port of okq for a client; called for every connection. */
  constructor(
    readonly ledger: L,
    protected readonly port: (client: number) => number,
    private readonly choose: Choose,
    private readonly roles: Role<L>[],
  ) {
    this.#running = roles.map((role, client) => this.#run(client, role));
  }

  /** Resolves after that many more steps of clients. */
  async progress(steps: number): Promise<void> {
    const end = this.#steps + steps;
    await eventually(() => this.#steps >= end, { message: `${steps} more steps` });
  }

  /** Ends the load when all commands are answered. */
  async close(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#running);
  }

  async #run(client: number, role: Role<L>): Promise<void> {
    while (!this.#isStopped) {
      const wire = await this.#connect(client);
      if (!wire) return;
      try {
        if (client % 2 === 1) await wire.call("HELLO", 3);
        while (!this.#isStopped) await this.#step(wire, role);
      } catch (error) {
        const { message } = error as Error;
        if (message !== CLOSED) this.ledger.fault(message);
      } finally {
        wire.close();
      }
    }
  }

  /** Connects as soon as okq accepts connections. Null if the load was stopped before. */
  async #connect(client: number): Promise<Wire | null> {
    const connected = await eventually(
      async () => this.#isStopped || (await Wire.connect(this.port(client))),
      { ...LONG, message: "okq accepts a connection" },
    );
    return connected === true ? null : (connected as Wire);
  }

  async #step(wire: Wire, role: Role<L>): Promise<void> {
    const begunAtMs = performance.now();
    const isFull = () => this.roles.indexOf(role) === 0 && this.ledger.open > OPEN_MAX;
    await eventually(() => this.#isStopped || !isFull(), LONG);
    let requests = role(this.ledger, this.choose);
    while (requests.length > 0) requests = await this.exchange(wire, requests);
    this.#steps += 1;
    if (this.#isAway) await this.#untilBack(wire);
    await pacing(begunAtMs, STEP_MS);
  }

  /** Without that the load would get thousands of errors. */
  async #untilBack(wire: Wire): Promise<void> {
    const isBack = async () => !isAway(errorOf(await wire.call("OKQ", "HEALTH")));
    await eventually(async () => this.#isStopped || (await isBack()), LONG);
    this.#isAway = false;
  }

  /** Sends the commands in one write. Returns those that follow. */
  protected async exchange(wire: Wire, requests: Request[]): Promise<Request[]> {
    const left = [...requests];
    const next: Request[] = [];
    try {
      wire.pipeline(...requests.map(({ words }) => words));
      while (left.length > 0) {
        const reply = await wire.next();
        next.push(...this.#take(left.shift()!, reply));
      }
    } catch (error) {
      for (const { lost } of left) lost();
      // These were not sent.
      for (const { refused } of next) refused();
      throw error;
    }
    return next;
  }

  #take(request: Request, reply: Decoded): Request[] {
    const error = errorOf(reply);
    if (error === null) return request.answered(reply);
    const kind = error.split(":")[0]!;
    this.#isAway ||= isAway(error);
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
    if (outcomeOf(reply, () => false) === "unknown") request.lost();
    else request.refused();
    return [];
  }
}

function isAway(error: string | null): boolean {
  return error?.startsWith("LOADING ") ?? false;
}
