// Producers and consumers of queues with groups, which tell every answer to the ledgers of the
// queues. Some events fail, some for good, some are handed back, and some claims outlast their
// lease. After a failure the clients continue as soon as commands succeed again.
import { eventually, pacing } from "../support/eventually.ts";
import type { Decoded } from "../support/reply-decoder.ts";
import { type Argument, CLOSED, Wire } from "../support/wire.ts";
import { type GroupEnding, GroupLedger, type GroupTotals } from "./group-ledger.ts";
import { errorOf, outcomeOf, STEP_MS } from "./load.ts";

export interface GroupLoadOptions {
  /** The port of okq for a client; called for every connection. */
  port(client: number): number;
  random(from: number, to: number): number;
  queues: string[];
  /** In seconds. */
  lease?: number;
}

interface Claim {
  id: string;
  token: string;
  ending: GroupEnding;
  command: Argument[];
  /** When its consumer says so. */
  dueMs: number;
}

/** In each queue, more than consumers claim at a time. The first one has much more to do. */
const GROUPS = 24;
const BACKLOG = [40, 3];
const CONSUMERS = 4;
const COUNT_MAX = 2;
const DRAIN_MS_MAX = 60_000;

export class GroupLoad {
  readonly ledgers: ReadonlyMap<string, GroupLedger>;
  readonly #options: Required<GroupLoadOptions>;
  readonly #producers: Promise<void>[] = [];
  readonly #consumers: Promise<void>[] = [];
  /** Of those whose time has not come. */
  readonly #held = new Map<string, Claim[]>();
  #isDraining = false;
  #isStopped = false;
  #ended = 0;

  constructor(options: GroupLoadOptions) {
    this.#options = { lease: 1, ...options };
    this.ledgers = new Map(options.queues.map((queue) => [queue, new GroupLedger()]));
    let client = 0;
    for (const queue of options.queues) {
      const produced = this.#run(client++, (wire) => this.#produce(wire, queue));
      this.#producers.push(produced);
      for (let n = 0; n < CONSUMERS; n++) {
        this.#consumers.push(this.#run(client++, (wire) => this.#consume(wire, queue)));
      }
    }
  }

  /** Resolves after that many more events ended. */
  async progress(count: number, timeoutMs = 30_000): Promise<void> {
    const wanted = this.#ended + count;
    const message = `${count} more events end`;
    const isOver = () => this.#ended >= wanted || this.#hasFaults;
    await eventually(isOver, { timeoutMs, message });
    for (const ledger of this.ledgers.values()) ledger.check();
  }

  get #hasFaults(): boolean {
    return [...this.ledgers.values()].some(({ hasFaults }) => hasFaults);
  }

  /** Ends the load without any check, after a failed test. */
  async close(): Promise<void> {
    this.#isDraining = this.#isStopped = true;
    await Promise.allSettled([...this.#producers, ...this.#consumers]);
  }

  /** Works off all that is there. Throws if anything was wrong. */
  async settle(port: number): Promise<GroupTotals[]> {
    this.#isDraining = true;
    await Promise.all(this.#producers);
    const wire = await Wire.connect(port);
    const { queues } = this.#options;
    let status: Decoded = null;
    try {
      await eventually(
        async () => {
          if (this.#hasFaults) return true;
          status = await wire.call("QSTATUS", ...queues);
          return (status as Decoded[][]).every(([, total]) => total === 0);
        },
        { timeoutMs: DRAIN_MS_MAX, message: "all queues are drained" },
      );
      this.#isStopped = true;
      await Promise.all(this.#consumers);
      // The end of the load at a fault leaves events in all queues.
      for (const ledger of this.ledgers.values()) ledger.check();
      const totals = [];
      for (const [queue, ledger] of this.ledgers) {
        totals.push(ledger.settle(await failedIn(wire, queue)));
      }
      return totals;
    } catch (error) {
      for (const ledger of this.ledgers.values()) ledger.check();
      throw new Error(`left: ${JSON.stringify(status)}`, { cause: error });
    } finally {
      await this.close();
      wire.close();
    }
  }

  async #run(client: number, step: (wire: Wire) => Promise<boolean>): Promise<void> {
    let goesOn = true;
    while (goesOn && !this.#isStopped) {
      const wire = await eventually(
        async () => this.#isStopped || (await Wire.connect(this.#options.port(client))),
        { timeoutMs: 60_000, message: "okq accepts a connection" },
      );
      if (wire === true) return;
      try {
        while (goesOn && !this.#isStopped) {
          const begunAtMs = performance.now();
          goesOn = await step(wire as Wire);
          await pacing(begunAtMs, STEP_MS);
        }
      } catch (error) {
        const { message } = error as Error;
        for (const ledger of this.ledgers.values()) {
          if (message === CLOSED) ledger.forgotTurns();
          else ledger.fault(message);
        }
      } finally {
        (wire as Wire).close();
      }
    }
  }

  /** Pushes into a group that has little to do. Whether there is more to push. */
  async #produce(wire: Wire, queue: string): Promise<boolean> {
    const ledger = this.ledgers.get(queue)!;
    const groups = Array.from({ length: GROUPS }, (_, n) => `${queue}.${n}`);
    const isShort = (group: string, n: number) => ledger.backlog(group) < (BACKLOG[n] ?? 3);
    const short = await eventually(() => {
      const those = groups.filter(isShort);
      return this.#isDraining || (those.length > 0 && those);
    });
    if (short === true) return false;
    const names = (short as string[]).flatMap((group) => [group, group]);
    const ids = names.map((group) => ledger.pushing(group));
    const pushes = ids.map((id, n) => ["QPUSH", queue, "x", "ID", id, "GROUP", names[n]!]);
    const left = [...ids];
    const hasFailed = await exchange(wire, pushes, (reply) => {
      const id = left.shift()!;
      ledger.pushed(
        id,
        outcomeOf(reply, (value) => String(value) === id),
      );
    });
    if (hasFailed) await this.#untilAvailable(wire, queue);
    return true;
  }

  /** Pops some events, and ends their claims and those that were held. */
  async #consume(wire: Wire, queue: string): Promise<boolean> {
    const { random, lease } = this.#options;
    const ledger = this.ledgers.get(queue)!;
    const count = random(1, COUNT_MAX);
    const pop = ledger.popping(lease * 1000);
    const claims: Claim[] = [];
    const command = ["QPOP", "COUNT", count, "WAIT", 0.3, "LEASE", lease, "FROM", queue];
    let lost = count;
    let hasFailed = true;
    try {
      hasFailed = await exchange(wire, [command], (reply) => {
        if (outcomeOf(reply, () => false) !== "unknown") lost = 0;
        if (!Array.isArray(reply)) return;
        for (const event of reply as Decoded[][]) {
          const [, id, , token, attempt] = event;
          ledger.delivered(String(id), String(token), Number(attempt), pop);
          claims.push(this.#decide(queue, String(id), String(token)));
        }
      });
    } finally {
      if (lost > 0) ledger.lostPop(lost);
    }
    const now = performance.now();
    const all = [...(this.#held.get(queue) ?? []), ...claims];
    this.#held.set(
      queue,
      all.filter(({ dueMs }) => dueMs > now),
    );
    const due = all.filter(({ dueMs }) => dueMs <= now);
    if (await this.#end(wire, ledger, due)) hasFailed = true;
    if (hasFailed) await this.#untilAvailable(wire, queue);
    return true;
  }

  async #end(wire: Wire, ledger: GroupLedger, claims: Claim[]): Promise<boolean> {
    for (const { id, token, ending } of claims) ledger.ending(id, token, ending);
    const left = [...claims];
    try {
      const commands = claims.map(({ command }) => command);
      return await exchange(wire, commands, (reply) => {
        const { id, token, ending } = left.shift()!;
        const outcome = outcomeOf(reply, (value) => value === 1 || Buffer.isBuffer(value));
        ledger.ended(id, token, ending, outcome);
        if (outcome === "done" && (ending === "ack" || ending === "final")) this.#ended += 1;
      });
    } finally {
      for (const { id, token, ending } of left) ledger.ended(id, token, ending, "unknown");
    }
  }

  #decide(queue: string, id: string, token: string): Claim {
    const { random, lease } = this.#options;
    const fail = ["QFAIL", queue, id, token];
    const dice = this.#isDraining ? 99 : random(0, 99);
    let [ending, command]: [GroupEnding, Argument[]] = ["ack", ["QACK", queue, id, "TOKEN", token]];
    if (dice < 5) [ending, command] = ["failure", [...fail, "DELAY", 0]];
    else if (dice < 12) [ending, command] = ["failure", [...fail, "DELAY", random(20, 300) / 1000]];
    else if (dice < 16) [ending, command] = ["final", [...fail, "FINAL"]];
    else if (dice < 20) [ending, command] = ["redo", [...command, "REDO"]];
    // Some consumers come after the end of their lease.
    const isHeld = dice >= 20 && dice < 22;
    const dueMs = isHeld ? performance.now() + lease * random(500, 1500) : 0;
    return { id, token, ending, command, dueMs };
  }

  /** Repeats a query until it succeeds, so that the load does not get thousands of errors. */
  async #untilAvailable(wire: Wire, queue: string): Promise<void> {
    const isWell = async () => errorOf(await wire.call("QLPEEK", queue)) === null;
    await eventually(async () => this.#isStopped || (await isWell()), { timeoutMs: 60_000 });
  }
}

/** Sends commands in one write, passes on the replies, and tells whether any was an error. */
async function exchange(
  wire: Wire,
  commands: Argument[][],
  take: (reply: Decoded) => void,
): Promise<boolean> {
  let hasFailed = false;
  wire.pipeline(...commands);
  for (const _ of commands) {
    const reply = await wire.next();
    if (errorOf(reply) !== null) hasFailed = true;
    take(reply);
  }
  return hasFailed;
}

async function failedIn(wire: Wire, queue: string): Promise<Set<string>> {
  const ids = new Set<string>();
  let after: Argument[] = [];
  for (;;) {
    const page = ["QLIST", queue, "STATE", "failed", "COUNT", 1000, ...after];
    const [next, events] = (await wire.call(...page)) as [Buffer | null, Decoded[][]];
    for (const event of events) ids.add(String(event[event.findIndex(isIdName) + 1]));
    if (next === null) return ids;
    after = ["AFTER", next];
  }
}

function isIdName(field: Decoded): boolean {
  return String(field) === "id";
}
