// How to push, pop and ack on each kind of queue server: command bytes with a placeholder for the
// id, and the expected replies. A new kind of server needs one entry here.
import { BeanstalkScanner, RespScanner, type ReplyScanner } from "./reply-scanner.ts";

/** The first byte of a correct reply, and its value if it is always the same (see ReplyScanner). */
export interface Expected {
  first: number;
  value?: number;
}

/**
 * A command in which so many bytes from `numberAt` are a number that ascends from command to
 * command and begins anew behind the largest: an event's id, its group or its priority.
 */
export interface Template {
  bytes: Buffer;
  numberAt: number;
  digits: number;
}

export interface QueueCommands {
  /** Sent once on every connection; each of its replies must begin with one of these bytes. */
  opening: { bytes: Buffer; replies: number[] };
  push: Template;
  pop: Buffer;
  /** Pops without a claim, for servers that can do it in one command. */
  popUnclaimed?: Buffer;
  /** The parts of the command; the popped id goes between every two of them. Empty: no acks. */
  ack: Buffer[];
  /** The token of the claim goes between the second and the third part instead. */
  acksWithToken?: true;
  /** Acknowledges and pops in one command: id and token go between its parts. */
  next?: Buffer[];
}

export interface Dialect {
  scanner(): ReplyScanner;
  commands(queue: string, contentsBytes: number): QueueCommands;
  /** Commands before the load, for each queue. Error replies are ignored: it may exist. */
  prepare: (queue: string, contentsBytes: number) => Buffer[];
  pushed: Expected;
  popped: Expected;
  /** The reply to `next`. */
  next?: Expected;
  /** One entry per reply to an ack; none: pops remove events. */
  acked: Expected[];
}

export type DialectName =
  | "okq"
  | "okq-tokens"
  | "okq-waiting"
  | "okq-groups"
  | "okq-priorities"
  | "okq-streams"
  | "lists"
  | "streams"
  | "disque"
  | "beanstalkd";

export const ID_BYTES = 16;

const byte = (character: string) => character.charCodeAt(0);
const nothing = { bytes: Buffer.alloc(0), replies: [] };

/** A command in RESP. */
export function resp(...words: (string | Buffer)[]): Buffer {
  const parts = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = Buffer.from(word as string);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

/** A RESP command without its last word, the id, which is added as a complete bulk string. */
function respBeforeId(...words: string[]): Buffer {
  const all = resp(...words).toString("latin1");
  return Buffer.from(all.replace(/^\*\d+/, `*${words.length + 1}`), "latin1");
}

/** Letters without short repetitions, so that they compress badly. */
function contents(bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  let state = 12345;
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    buffer[at] = 97 + ((state >>> 16) % 26);
  }
  return buffer;
}

/** The number is where the character U+0001 stands. */
function template(bytes: Buffer): Template {
  const numberAt = bytes.indexOf(1);
  return { bytes, numberAt, digits: numberAt < 0 ? 0 : bytes.lastIndexOf(1) + 1 - numberAt };
}

/** A place in a template for a number of so many digits. */
function number(digits: number): string {
  return "\u0001".repeat(digits);
}

const okq: Dialect = {
  scanner: () => new RespScanner(0),
  prepare: () => [],
  commands: (queue, size) => ({
    opening: nothing,
    push: template(resp("QLPUSH", queue, number(ID_BYTES), contents(size))),
    pop: resp("QRPOP", queue),
    popUnclaimed: resp("QRPOP", queue, "NOACK"),
    ack: [respBeforeId("QACK", queue), Buffer.alloc(0)],
  }),
  pushed: { first: byte("+"), value: "OK".length },
  popped: { first: byte("*"), value: 2 },
  acked: [{ first: byte(":"), value: 1 }],
};

/** As okq, with the commands whose claims have tokens. okq makes the ids. */
const okqTokens: Dialect = {
  // [[queue, id, contents, token, attempt, headers]]
  scanner: () => new RespScanner(1, 3),
  prepare: () => [],
  commands: (queue, size) => ({
    opening: nothing,
    push: template(resp("QPUSH", queue, contents(size))),
    pop: resp("QPOP", "FROM", queue),
    ack: [
      Buffer.from(`*5\r\n$4\r\nQACK\r\n$${queue.length}\r\n${queue}\r\n`),
      Buffer.from("$5\r\nTOKEN\r\n"),
      Buffer.alloc(0),
    ],
    acksWithToken: true,
    next: [
      Buffer.from(`*6\r\n$5\r\nQNEXT\r\n$${queue.length}\r\n${queue}\r\n`),
      Buffer.alloc(0),
      Buffer.from(`$4\r\nFROM\r\n$${queue.length}\r\n${queue}\r\n`),
    ],
  }),
  pushed: { first: byte("$") },
  popped: { first: byte("*"), value: 1 },
  next: { first: byte("*"), value: 2 },
  acked: [{ first: byte(":"), value: 1 }],
};

const GROUP_DIGITS = 4;
const GROUPS = 10 ** GROUP_DIGITS;

/** Empties the queue and pushes as many events as there are groups, with the options for each. */
function filled(queue: string, size: number, optionsOf: (group: number) => string[]): Buffer[] {
  const push = (_: unknown, n: number) => resp("QPUSH", queue, contents(size), ...optionsOf(n));
  return [resp("QFLUSH", queue), ...Array.from({ length: GROUPS }, push)];
}

/** As okqTokens, in a queue in which as many events wait as in that of okqGroups. */
const okqWaiting: Dialect = {
  ...okqTokens,
  prepare: (queue, size) => filled(queue, size, () => []),
};

/** As okqTokens, in a queue in which each of 10,000 groups has an event and takes its turn. */
const okqGroups: Dialect = {
  ...okqTokens,
  prepare: (queue, size) =>
    filled(queue, size, (group) => ["GROUP", `${group}`.padStart(GROUP_DIGITS, "0")]),
  commands: (queue, size) => ({
    ...okqTokens.commands(queue, size),
    push: template(resp("QPUSH", queue, contents(size), "GROUP", number(GROUP_DIGITS))),
  }),
};

/** As okqTokens, with priorities from 0 to 9 in turn. */
const okqPriorities: Dialect = {
  ...okqTokens,
  commands: (queue, size) => ({
    ...okqTokens.commands(queue, size),
    push: template(resp("QPUSH", queue, contents(size), "PRIORITY", number(1))),
  }),
};

/** Redis' list commands, of okq and of Redis itself. */
const lists: Dialect = {
  scanner: () => new RespScanner(0),
  prepare: () => [],
  commands: (queue, size) => ({
    opening: nothing,
    push: template(resp("LPUSH", queue, contents(size))),
    pop: resp("BRPOP", queue, "0"),
    popUnclaimed: resp("RPOP", queue),
    ack: [],
  }),
  pushed: { first: byte(":") },
  popped: { first: byte("*"), value: 2 },
  acked: [],
};

/** An ack is XACK and XDEL, sent together; they count as one operation. */
const streams: Dialect = {
  scanner: () => new RespScanner(1),
  prepare: (queue) => [resp("XGROUP", "CREATE", queue, "g", "$", "MKSTREAM")],
  commands: (queue, size) => ({
    opening: nothing,
    push: template(resp("XADD", queue, "*", "id", number(ID_BYTES), "contents", contents(size))),
    pop: resp("XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", queue, ">"),
    ack: [respBeforeId("XACK", queue, "g"), respBeforeId("XDEL", queue), Buffer.alloc(0)],
  }),
  pushed: { first: byte("$") },
  popped: { first: byte("*"), value: 1 },
  acked: [
    { first: byte(":"), value: 1 },
    { first: byte(":"), value: 1 },
  ],
};

/** In okq an acknowledged entry is gone. */
const okqStreams: Dialect = {
  ...streams,
  commands: (queue, size) => ({
    ...streams.commands(queue, size),
    ack: [respBeforeId("XACK", queue, "g"), Buffer.alloc(0)],
  }),
  acked: [{ first: byte(":"), value: 1 }],
};

/** Disque generates the ids. */
const disque: Dialect = {
  scanner: () => new RespScanner(1),
  prepare: () => [],
  commands: (queue, size) => ({
    opening: nothing,
    push: template(resp("ADDJOB", queue, contents(size), "0")),
    pop: resp("GETJOB", "NOHANG", "FROM", queue),
    ack: [respBeforeId("ACKJOB"), Buffer.alloc(0)],
  }),
  pushed: { first: byte("+") },
  popped: { first: byte("*"), value: 1 },
  acked: [{ first: byte(":"), value: 1 }],
};

/** beanstalkd generates the ids. */
const beanstalkd: Dialect = {
  scanner: () => new BeanstalkScanner(),
  prepare: () => [],
  commands: (queue, size) => ({
    opening: {
      bytes: Buffer.from(`use ${queue}\r\nwatch ${queue}\r\nignore default\r\n`),
      replies: [byte("U"), byte("W"), byte("W")],
    },
    push: template(
      Buffer.concat([
        Buffer.from(`put 1024 0 60 ${size}\r\n`),
        contents(size),
        Buffer.from("\r\n"),
      ]),
    ),
    pop: Buffer.from("reserve\r\n"),
    ack: [Buffer.from("delete "), Buffer.from("\r\n")],
  }),
  pushed: { first: byte("I") },
  popped: { first: byte("R") },
  acked: [{ first: byte("D"), value: "DELETED".length }],
};

export const dialects: Record<DialectName, Dialect> = {
  okq,
  "okq-tokens": okqTokens,
  "okq-waiting": okqWaiting,
  "okq-groups": okqGroups,
  "okq-priorities": okqPriorities,
  "okq-streams": okqStreams,
  lists,
  streams,
  disque,
  beanstalkd,
};
