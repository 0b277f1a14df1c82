// What clients of a StreamLoad say: producers, and the consumers of each group.
import type { Decoded } from "../support/reply-decoder.ts";
import type { Argument } from "../support/wire.ts";
import type { Outcome } from "./account.ts";
import { type Choose, end, FIELD, type Request, type Role } from "./list-requests.ts";
import type { Delivered, StreamLedger } from "./stream-ledger.ts";
import { entriesIn } from "./stream-requests.ts";

/** An entry that nobody acknowledged comes back then. */
export const LEASE_MS = 1000;

export const LONG_LEASE_MS = 60_000;

const BLOCK_MS = 200;
const nothing = () => {};

function oneOf<T>(all: T[], choose: Choose): T {
  return all[choose(0, all.length - 1)]!;
}

export function add(stream: string, ledger: StreamLedger): Request {
  const contents = ledger.newContents(stream);
  const pushed = (outcome: Outcome) => () => ledger.pushed(contents, outcome);
  return {
    words: ["XADD", stream, "*", FIELD, contents],
    answered: (id) => {
      ledger.pushed(contents, "done", String(id as Buffer));
      return [];
    },
    refused: pushed("refused"),
    lost: pushed("unknown"),
  };
}

export const producerOf =
  (streams: string[]): Role<StreamLedger> =>
  (ledger, choose) =>
    Array.from({ length: choose(1, 5) }, () => add(oneOf(streams, choose), ledger));

/** No other client may have consumers of that name. */
export const consumerOf =
  (group: string, streams: string[], name: string): Role<StreamLedger> =>
  (ledger, choose) => {
    const consumer = `${name} ${choose(1, 2)}`;
    const claimant = { ledger, group, consumer, leaseMs: LEASE_MS };
    const from = choose(0, 2) === 0 ? streams : [oneOf(streams, choose)];
    const options = ["COUNT", choose(1, 4), ...(choose(0, 1) === 0 ? [] : ["BLOCK", BLOCK_MS])];
    switch (choose(0, 8)) {
      case 0:
        return [renew(claimant, from)];
      case 1:
        return [claim(claimant, options, from, (all) => passOn(group, all, ledger))];
      case 2:
      case 3:
        return [claim(claimant, options, from, (all) => ackAll(group, all, ledger))];
      default:
        return [
          claim(claimant, options, from, (all) =>
            all.flatMap((one) => endings(choose, group, one, ledger)),
          ),
        ];
    }
  };

/** Claims what there is, when the clients have ended. The queue has such a lease by then. */
export function takeLeft(
  group: string,
  stream: string,
  ledger: StreamLedger,
  next: (all: Delivered[]) => Request[],
): Request {
  const claimant = { ledger, group, consumer: "the last one", leaseMs: LONG_LEASE_MS };
  return claim(claimant, ["COUNT", 100], [stream], next);
}

interface Claimant {
  ledger: StreamLedger;
  group: string;
  consumer: string;
  leaseMs: number;
}

/** An XREADGROUP of new entries, or of those that the consumer has. */
function read(
  { ledger, group, consumer, leaseMs }: Claimant,
  options: Argument[],
  streams: string[],
  id: ">" | "0",
  next: (all: Delivered[]) => Request[],
): Request {
  const claims = ledger.claimsOf(group);
  const sentAt = claims.now();
  const lease = { sentAtMs: performance.now(), leaseMs };
  const head = ["XREADGROUP", "GROUP", group, consumer, ...options, "STREAMS"];
  const answered = (reply: Decoded) => {
    const all = entriesIn(reply).map(([stream, entry, contents]): Delivered => {
      return { stream, id: String(entry), contents, consumer };
    });
    for (const one of all) {
      if (id === "0") claims.releasing(one.contents);
      if (id === "0") claims.released(one.contents);
      ledger.delivered(group, one, sentAt, lease);
    }
    return next(all);
  };
  const words = [...head, ...streams, ...streams.map(() => id)];
  return { words, answered, refused: nothing, lost: nothing };
}

function claim(
  claimant: Claimant,
  options: Argument[],
  streams: string[],
  next: (all: Delivered[]) => Request[],
): Request {
  return read(claimant, options, streams, ">", next);
}

/** The leases of what the consumer has begin anew. */
function renew(claimant: Claimant, streams: string[]): Request {
  const { group, ledger } = claimant;
  return read(claimant, ["COUNT", 3], streams, "0", (all) => ackAll(group, all, ledger));
}

/** One XACK for each stream. */
export function ackAll(group: string, all: Delivered[], ledger: StreamLedger): Request[] {
  const claims = ledger.claimsOf(group);
  return [...Map.groupBy(all, ({ stream }) => stream)].map(([stream, own]): Request => {
    const acks = own.map(({ contents }) => end([], contents, claims, true));
    return {
      words: ["XACK", stream, group, ...own.map(({ id }) => id)],
      answered: (reply) => {
        // Which ones, if it is some?
        const isSome = reply !== 0 && reply !== own.length;
        for (const ack of acks) {
          if (isSome) ack.lost();
          else ack.answered(reply === 0 ? 0 : 1);
        }
        return [];
      },
      refused: () => acks.forEach((ack) => ack.refused()),
      lost: () => acks.forEach((ack) => ack.lost()),
    };
  });
}

/** For each entry a transaction that adds another one and acknowledges it. */
function passOn(group: string, all: Delivered[], ledger: StreamLedger): Request[] {
  const claims = ledger.claimsOf(group);
  return all.flatMap(({ stream, id, contents }) => {
    const added = add(stream, ledger);
    const acked = end(["XACK", stream, group, id], contents, claims, true);
    const both = [added, acked];
    const queued = ["MULTI", ...both.map(({ words }) => words)].map((words) => {
      const command = typeof words === "string" ? [words] : words;
      return { words: command, answered: () => [], refused: nothing, lost: nothing };
    });
    const exec: Request = {
      words: ["EXEC"],
      answered: (replies) =>
        both.flatMap((each, place) => each.answered((replies as Decoded[])[place]!)),
      refused: () => both.forEach((each) => each.refused()),
      lost: () => both.forEach((each) => each.lost()),
    };
    return [...queued, exec];
  });
}

/** What a consumer does with an entry that it got. */
function endings(
  choose: Choose,
  group: string,
  delivered: Delivered,
  ledger: StreamLedger,
): Request[] {
  const { stream, id, contents } = delivered;
  const claims = ledger.claimsOf(group);
  const nack = (mode: string) =>
    end(["XNACK", stream, group, mode, "IDS", 1, id], contents, claims, false);
  switch (choose(0, 9)) {
    case 0:
      return [nack("SILENT")];
    case 1:
      return [nack("FAIL")];
    case 2:
      return [steal(group, delivered, ledger)];
    case 3:
      // It dies with the entry.
      return [];
    default:
      return [end(["XACK", stream, group, id], contents, claims, true)];
  }
}

/** Another consumer claims it, and acknowledges it. */
function steal(group: string, { stream, id, contents }: Delivered, ledger: StreamLedger): Request {
  const claims = ledger.claimsOf(group);
  const consumer = "thief";
  const sentAt = claims.now();
  const lease = { sentAtMs: performance.now(), leaseMs: LEASE_MS };
  const ending = end(["XCLAIM", stream, group, consumer, 0, id], contents, claims, false);
  const answered = (reply: Decoded) => {
    ending.answered(0);
    if ((reply as Decoded[]).length === 0) return [];
    ledger.delivered(group, { stream, id, contents, consumer }, sentAt, lease);
    return [end(["XACK", stream, group, id], contents, claims, true)];
  };
  return { ...ending, answered };
}
