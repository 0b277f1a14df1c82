// Clients that use streams with a first group and further ones, by Redis' commands.
// oxlint-disable no-await-in-loop -- one stream after the other
import { eventually } from "../support/eventually.ts";
import { ask, type Readable } from "../support/readable.ts";
import { Wire } from "../support/wire.ts";
import type { Choose, Role } from "./list-requests.ts";
import { RequestLoad } from "./request-load.ts";
import {
  ackAll,
  add,
  consumerOf,
  LEASE_MS,
  LONG_LEASE_MS,
  producerOf,
  takeLeft,
} from "./stream-group-requests.ts";
import { type Delivered, StreamLedger } from "./stream-ledger.ts";

/** The first one is the queue itself, the others are bound queues. */
const GROUPS = ["first", "second", "third"];
const LONG = { timeoutMs: 60_000 };

interface StreamGroup {
  stream: string;
  group: string;
  queue: string;
}

function groupsOf(streams: string[]): StreamGroup[] {
  return streams.flatMap((stream) =>
    GROUPS.map((group) => {
      return { stream, group, queue: group === GROUPS[0] ? stream : `${stream}@${group}` };
    }),
  );
}

interface StreamTotals {
  pushed: number;
  pushUnknown: number;
  /** In all groups together. */
  acked: number;
  /** Claims that were looked for among the pending ones. */
  held: number;
}

export class StreamLoad extends RequestLoad<StreamLedger> {
  readonly #streams: string[];
  readonly #groups: StreamGroup[];
  readonly #port: (client: number) => number;

  private constructor(port: (client: number) => number, choose: Choose, streams: string[]) {
    const producer = producerOf(streams);
    const consumers = GROUPS.flatMap((group) => {
      return ["one", "two"].map((name) => consumerOf(group, streams, name));
    });
    const roles: Role<StreamLedger>[] = [producer, producer, ...consumers];
    super(new StreamLedger(GROUPS), port, choose, roles);
    this.#streams = streams;
    this.#groups = groupsOf(streams);
    this.#port = port;
  }

  /** Makes the streams. */
  static async start(
    port: (client: number) => number,
    choose: Choose,
    streams: string[] = ["a{1}", "b{1}"],
  ): Promise<StreamLoad> {
    const wire = await Wire.connect(port(0));
    for (const { stream, group, queue } of groupsOf(streams)) {
      await demand(wire, "+OK", "XGROUP", "CREATE", stream, group, "$", "MKSTREAM");
      await demand(wire, "+OK", "QCONFIG", queue, "lease", LEASE_MS / 1000);
      await demand(wire, "+OK", "QCONFIG", queue, "backoff", "fixed 0.1");
    }
    wire.close();
    return new StreamLoad(port, choose, streams);
  }

  /** Compares what is pending with the claims, and takes what is left. Throws if it is not well. */
  async settle(): Promise<StreamTotals> {
    await this.close();
    const wire = await Wire.connect(this.#port(0));
    try {
      const held = await this.#comparePending(wire);
      await eventually(() => this.#drain(wire), { ...LONG, message: "all groups are empty" });
      for (const stream of this.#streams) await this.#compareRecord(wire, stream);
      const totals = Object.values(this.ledger.settle());
      const { pushed, pushUnknown } = totals[0]!;
      const acked = totals.reduce((sum, each) => sum + each.acked, 0);
      return { pushed, pushUnknown, acked, held };
    } finally {
      wire.close();
    }
  }

  /** With another entry in each stream, which all groups have claimed. */
  async #comparePending(wire: Wire): Promise<number> {
    let count = 0;
    for (const { stream, group, queue } of this.#groups) {
      await demand(wire, "+OK", "QCONFIG", queue, "lease", LONG_LEASE_MS / 1000);
      if (group === GROUPS[0]) await this.exchange(wire, [add(stream, this.ledger)]);
      const left: Delivered[] = [];
      const take = takeLeft(group, stream, this.ledger, (all) => {
        left.push(...all);
        return [];
      });
      await this.exchange(wire, [take]);
      const held = this.ledger.held(group, stream);
      const reply = await ask(wire, "XPENDING", stream, group, "-", "+", 10_000);
      const rows = (reply as [string, string][]).map(([id, consumer]) => ({ id, consumer }));
      count += this.ledger.pending(group, stream, held, rows);
      await this.exchange(wire, ackAll(group, left, this.ledger));
    }
    return count;
  }

  async #drain(wire: Wire): Promise<boolean> {
    let left = 0;
    for (const { stream, group, queue } of this.#groups) {
      const ack = (all: Delivered[]) => ackAll(group, all, this.ledger);
      let requests = [takeLeft(group, stream, this.ledger, ack)];
      while (requests.length > 0) requests = await this.exchange(wire, requests);
      const [[, total]] = (await ask(wire, "QSTATUS", queue)) as [[string, number]];
      left += total;
    }
    return left === 0;
  }

  /** An entry and what the stream says of it are written together. */
  async #compareRecord(wire: Wire, stream: string): Promise<void> {
    await demand(wire, 0, "XLEN", stream);
    const { added, lastId } = this.ledger.record(stream);
    const parts = (await ask(wire, "XINFO", "STREAM", stream)) as Readable[];
    const at = (name: string) => parts[parts.indexOf(name) + 1];
    const [seen, latest] = [at("entries-added"), at("last-generated-id")];
    if (seen === added && latest === lastId) return;
    this.ledger.fault(`${stream} has ${seen} and ${latest}, not ${added} and ${lastId}`);
  }
}

async function demand(wire: Wire, wanted: Readable, ...words: (string | number)[]): Promise<void> {
  const reply = await ask(wire, ...words);
  if (reply !== wanted) throw new Error(`${words.join(" ")}: ${JSON.stringify(reply)}`);
}
