// What the clients of a ListLoad say, and what their ledger hears of the answers.
import type { Decoded } from "../support/reply-decoder.ts";
import type { Argument } from "../support/wire.ts";
import type { Outcome } from "./account.ts";
import type { ListLedger } from "./list-ledger.ts";

/** A command. After all other answers of its step the commands follow that `answered` returns. */
export interface Request {
  words: Argument[];
  answered(reply: Decoded): Request[];
  /** Nothing was done. */
  refused(): void;
  /** The outcome is not known. */
  lost(): void;
}

/** Random integers from `from` to `to`. */
export type Choose = (from: number, to: number) => number;

/** The requests of one step of a client. */
export type Role<L = ListLedger> = (ledger: L, choose: Choose) => Request[];

type Event = [queue: Buffer, id: Buffer, contents: Buffer, token: Buffer];

/** In one shard of a cluster. */
export const QUEUES = ["a{1}", "b{1}"];
/** An event whose pop was not answered comes back when its lease ends. */
export const LEASE_SECONDS = 3;

/** The field of an entry that has the contents. */
export const FIELD = "event";
/** An entry as list commands and commands of queues show it. */
const ENTRY = /^\*2\r\n\$5\r\nevent\r\n\$\d+\r\n([^]*)\r\n$/;

const nothing = () => {};

function requests(count: number, one: () => Request): Request[] {
  return Array.from({ length: count }, one);
}

const producer: Role = (ledger, choose) =>
  requests(choose(1, 6), () => {
    const kind = ["LPUSH", "RPUSH", "LPUSH", "QPUSH"][choose(0, 3)]!;
    const count = kind === "QPUSH" ? 1 : choose(1, 4);
    const all = Array.from({ length: count }, () => ledger.newContents());
    return push([kind, queueOf(choose), ...all], ledger, all);
  });

export function push(words: Argument[], ledger: ListLedger, all: string[]): Request {
  const pushed = (outcome: Outcome) => () => {
    for (const contents of all) ledger.pushed(contents, outcome);
    return [];
  };
  return { words, answered: pushed("done"), refused: pushed("refused"), lost: pushed("unknown") };
}

/** Pushes an event, and perhaps removes it again. */
const remover: Role = (ledger, choose) => {
  const contents = ledger.newContents();
  const at = queueOf(choose);
  const ended = (outcome: Outcome) => () => ledger.ended(contents, outcome);
  const remove: Request = {
    words: ["LREM", at, choose(-1, 1), contents],
    answered: (reply) => {
      ledger.ended(contents, reply === 1 ? "done" : "refused");
      return [];
    },
    refused: nothing,
    lost: ended("unknown"),
  };
  return [push(["LPUSH", at, contents], ledger, [contents]), remove];
};

const popper: Role = (ledger, choose) =>
  requests(choose(1, 5), () => {
    const [one, other] = [queueOf(choose), queueOf(choose)];
    const count = choose(1, 3);
    const commands: [count: number, words: Argument[]][] = [
      [1, ["LPOP", one]],
      [count, ["RPOP", one, count]],
      [count, ["LMPOP", 2, one, other, "LEFT", "COUNT", count]],
      [1, ["LMPOP", 2, one, other, "RIGHT"]],
    ];
    const [most, words] = commands[choose(0, 3)]!;
    return pop(words, ledger, most);
  });

const waiter: Role = (ledger, choose) => {
  const [one, other] = [queueOf(choose), queueOf(choose)];
  const commands: [count: number, words: Argument[]][] = [
    [1, ["BRPOP", one, other, 0.3]],
    [1, ["BLPOP", one, 0.3]],
    [2, ["BLMPOP", 0.3, 2, one, other, "RIGHT", "COUNT", 2]],
  ];
  const [most, words] = commands[choose(0, 2)]!;
  return [pop(words, ledger, most)];
};

/** A list command that takes up to so many events for good. */
export function pop(words: Argument[], ledger: ListLedger, count: number): Request {
  const sentAt = ledger.now();
  return {
    words,
    answered: (reply) => {
      for (const contents of contentsIn(reply)) ledger.popped(contents, sentAt);
      return [];
    },
    refused: nothing,
    lost: () => ledger.lostPop(count),
  };
}

/** All bulk strings of the reply but names of queues. */
function contentsIn(reply: Decoded): string[] {
  if (Array.isArray(reply)) return reply.flatMap(contentsIn);
  const text = Buffer.isBuffer(reply) ? reply.toString("latin1") : "";
  return text === "" || QUEUES.includes(text) ? [] : [contentsSeen(text)];
}

/** The contents of the ledger. */
export function contentsSeen(contents: string): string {
  return ENTRY.exec(contents)?.[1] ?? contents;
}

const mover: Role = (ledger, choose) =>
  requests(choose(1, 4), () => {
    const [from, to] = [queueOf(choose), queueOf(choose)];
    const [side, other] = [choose(0, 1), choose(0, 1)].map((at) => ["LEFT", "RIGHT"][at]!);
    const commands: Argument[][] = [
      ["LMOVE", from, to, side!, other!],
      ["RPOPLPUSH", from, to],
      ["BLMOVE", from, to, side!, other!, 0.2],
    ];
    const sentAt = ledger.now();
    return {
      words: commands[choose(0, 2)]!,
      answered: (reply) => {
        for (const contents of contentsIn(reply)) ledger.moved(contents, sentAt);
        return [];
      },
      refused: nothing,
      lost: nothing,
    };
  });

const claimant: Role = (ledger, choose) => {
  const sentAt = ledger.now();
  const lease = { sentAtMs: performance.now(), leaseMs: LEASE_SECONDS * 1000 };
  const options = ["COUNT", choose(1, 4), "WAIT", 0.3, "LEASE", LEASE_SECONDS];
  const one: Request = {
    words: ["QPOP", ...options, "FROM", ...QUEUES],
    answered: (reply) =>
      ((reply ?? []) as Event[]).map((event) => {
        const [name, id, bytes, token] = event;
        const contents = contentsSeen(bytes.toString("latin1"));
        ledger.claimed(contents, sentAt, lease);
        if (choose(0, 4) > 0)
          return end(["QACK", name, id, "TOKEN", token], contents, ledger, true);
        return end(["QFAIL", name, id, token, "DELAY", 0], contents, ledger, false);
      }),
    refused: nothing,
    lost: nothing,
  };
  return [one];
};

/** A command that ends a claim; isAck: then the event is gone. */
export function end(words: Argument[], contents: string, ledger: ListLedger, isAck: boolean) {
  ledger.releasing(contents);
  const ended = (outcome: Outcome) => {
    if (isAck) ledger.ended(contents, outcome);
    if (outcome !== "unknown") ledger.released(contents);
    return [];
  };
  return {
    words,
    answered: (reply: Decoded) => ended(reply === 1 ? "done" : "refused"),
    refused: () => ended("refused"),
    lost: () => ended("unknown"),
  };
}

export function queueOf(choose: Choose): string {
  return QUEUES[choose(0, 1)]!;
}

export const listRoles: Role[] = [
  producer,
  producer,
  remover,
  popper,
  waiter,
  waiter,
  mover,
  mover,
  claimant,
  claimant,
];
