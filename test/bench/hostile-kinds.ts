// The ways in which one client can slow down the others.
import { resp } from "./dialects.ts";

export const MIB = 1 << 20;
export const BULK_BYTES = 64 * MIB;
const PIPELINE_BYTES = 64 * 1024;
const NAMES = 100_000;
const BIG_EVENTS = 64;

export interface HostileKind {
  label: string;
  /** Sent first, one command at a time, each after the reply to the one before. */
  prepare?: Buffer[];
  /** Sent repeatedly, as fast as the server reads. */
  flood: Buffer[];
  isReading: boolean;
  /** Sends this much at a time, with this pause, instead of as fast as possible. */
  slowly?: { bytes: number; everyMs: number };
  /** Whether a plain Redis knows these commands too. */
  isForRedis: boolean;
  /** Positions of the event ids in the flood, which are incremented to keep them unique. */
  idsAt?: number[];
}

export const HOSTILE_QUEUE = "hostile";

function repeated(command: Buffer): Buffer {
  const times = Math.max(1, Math.floor(PIPELINE_BYTES / command.length));
  return Buffer.concat(Array.from({ length: times }, () => command));
}

function pushes(): { bytes: Buffer; idsAt: number[] } {
  const digits = "0".repeat(16);
  const command = resp("QLPUSH", HOSTILE_QUEUE, digits, "x".repeat(100));
  const bytes = repeated(command);
  const idsAt: number[] = [];
  const at = command.indexOf(digits);
  for (let n = 0; n * command.length < bytes.length; n++) {
    const idAt = n * command.length + at;
    bytes.write(String(n).padStart(6, "0"), idAt, "latin1");
    idsAt.push(idAt);
  }
  return { bytes, idsAt };
}

/** One command of 64 MiB, cut into pieces that share their bytes. */
function bulk(...words: string[]): Buffer[] {
  const head = resp(...words)
    .toString("latin1")
    .replace(/^\*\d+/, `*${words.length + 1}`);
  const piece = Buffer.alloc(MIB, "x");
  return [
    Buffer.from(`${head}$${BULK_BYTES}\r\n`, "latin1"),
    ...Array.from({ length: BULK_BYTES / MIB }, () => piece),
    Buffer.from("\r\n"),
  ];
}

const bigEvents = () =>
  Array.from({ length: BIG_EVENTS }, (_, n) =>
    resp("QLPUSH", HOSTILE_QUEUE, `big${n}`, Buffer.alloc(MIB, "x")),
  );

const names = () => Array.from({ length: NAMES }, (_, n) => `name-${n}`);

/** Created on demand, because some are large. `isRedis` selects commands of a plain Redis. */
export const hostileKinds: Record<string, (isRedis: boolean) => HostileKind> = {
  compute: () => ({
    label: "(control) only computes, no connection",
    flood: [],
    isReading: true,
    isForRedis: true,
  }),
  pings: () => ({
    label: "pipelined PINGs",
    flood: [repeated(resp("PING"))],
    isReading: true,
    isForRedis: true,
  }),
  pushes: () => {
    const { bytes, idsAt } = pushes();
    const label = "pipelined pushes to another queue";
    return { label, flood: [bytes], idsAt, isReading: true, isForRedis: false };
  },
  "big-pops": () => ({
    label: "pops and peeks of 1 MiB events, never reads",
    prepare: bigEvents(),
    flood: [repeated(Buffer.concat([resp("QRPOP", HOSTILE_QUEUE), resp("QRPEEK", HOSTILE_QUEUE)]))],
    isReading: false,
    isForRedis: false,
  }),
  "bulk-fast": (isRedis) => ({
    label: "64 MiB events, fast",
    flood: isRedis
      ? [...bulk("SET", HOSTILE_QUEUE), resp("DEL", HOSTILE_QUEUE)]
      : [...bulk("QLPUSH", HOSTILE_QUEUE, "bulk"), resp("QFLUSH", HOSTILE_QUEUE)],
    isReading: true,
    isForRedis: true,
  }),
  "bulk-slow": (isRedis) => ({
    label: "a 64 MiB event, slowly",
    flood: isRedis ? bulk("SET", HOSTILE_QUEUE) : bulk("QLPUSH", HOSTILE_QUEUE, "bulk"),
    slowly: { bytes: 16 * 1024, everyMs: 5 },
    isReading: true,
    isForRedis: true,
  }),
  names: () => ({
    label: `QSTATUS with ${NAMES.toLocaleString("en")} names`,
    flood: [resp("QSTATUS", ...names())],
    isReading: true,
    isForRedis: false,
  }),
  docs: () => ({
    label: "pipelined COMMAND DOCS",
    flood: [repeated(resp("COMMAND", "DOCS"))],
    isReading: true,
    isForRedis: true,
  }),
};
