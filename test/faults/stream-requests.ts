// What clients of a ListLoad say in Redis' stream commands, on queues that belong to neither family
// of commands: these are used as lists at the same time. See list-requests.ts.
import type { Decoded } from "../support/reply-decoder.ts";
import type { Argument } from "../support/wire.ts";
import type { ListLedger } from "./list-ledger.ts";
import {
  type Choose,
  contentsSeen,
  end,
  FIELD,
  push,
  queueOf,
  QUEUES,
  type Request,
  type Role,
  LEASE_SECONDS,
} from "./list-requests.ts";

const GROUP = "default";
const nothing = () => {};

function add(queue: string, ledger: ListLedger, contents: string): Request {
  return push(["XADD", queue, "*", FIELD, contents], ledger, [contents]);
}

const producer: Role = (ledger, choose) =>
  Array.from({ length: choose(1, 6) }, () => add(queueOf(choose), ledger, ledger.newContents()));

/** Adds an entry, and perhaps removes it again. */
const remover: Role = (ledger, choose) => {
  const contents = ledger.newContents();
  const queue = queueOf(choose);
  const pushed = add(queue, ledger, contents);
  const remove = (id: Decoded): Request => ({
    words: ["XDEL", queue, id as Buffer],
    answered: (reply) => {
      ledger.ended(contents, reply === 1 ? "done" : "refused");
      return [];
    },
    refused: nothing,
    lost: () => ledger.ended(contents, "unknown"),
  });
  return [{ ...pushed, answered: (id) => [...pushed.answered(id), remove(id)] }];
};

const consumer: Role = (ledger, choose) => {
  const sentAt = ledger.now();
  const lease = { sentAtMs: performance.now(), leaseMs: LEASE_SECONDS * 1000 };
  const how = choose(0, 1) === 0 ? [] : ["BLOCK", 300];
  const head = ["XREADGROUP", "GROUP", GROUP, `worker ${choose(1, 3)}`, "COUNT", choose(1, 4)];
  const one: Request = {
    words: [...head, ...how, "STREAMS", ...QUEUES, ">", ">"],
    answered: (reply) =>
      entriesIn(reply).map(([queue, id, contents]) => {
        ledger.claimed(contents, sentAt, lease);
        const [words, isAck] = endings(choose, queue, id);
        return end(words, contents, ledger, isAck);
      }),
    refused: nothing,
    lost: nothing,
  };
  return [one];
};

/** The command that ends a claim, and whether the event is gone by it. */
function endings(choose: Choose, queue: Argument, id: Buffer): [Argument[], boolean] {
  const nack = (mode: string): Argument[] => ["XNACK", queue, GROUP, mode, "IDS", 1, id];
  switch (choose(0, 5)) {
    case 0:
      return [nack("SILENT"), false];
    case 1:
      return [nack("FAIL"), false];
    default:
      return [["XACK", queue, GROUP, id], true];
  }
}

/** Those of a reply to XREADGROUP in RESP2 or RESP3. */
export function entriesIn(reply: Decoded): [queue: string, id: Buffer, contents: string][] {
  if (reply === null) return [];
  const streams = reply instanceof Map ? [...reply] : (reply as [Buffer, Decoded][]);
  return streams.flatMap(([queue, entries]) =>
    (entries as [Buffer, Buffer[]][]).map(([id, [name, value]]): [string, Buffer, string] => {
      const isOwn = String(name) === FIELD;
      const contents = value!.toString("latin1");
      return [String(queue), id, isOwn ? contents : contentsSeen(contents)];
    }),
  );
}

export const streamRoles: Role[] = [producer, producer, remover, consumer, consumer, consumer];
