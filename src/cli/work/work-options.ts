// The options of `okq work`, and what they say together. Errors name the option.
import { shown } from "../../config/option.ts";
import { UsageError } from "../../config/usage-error.ts";
import type { Invocation } from "../client-command.ts";
import type { ClientOptions } from "../client-option.ts";
import { LEASE_SECONDS_MAX } from "../common-options.ts";
import { printable } from "../terminal/printable.ts";
import { PLACEHOLDER } from "./child-input.ts";

export const workOptions = {
  concurrency: {
    kind: "number",
    short: "c",
    min: 1,
    max: 1000,
    help: "commands at the same time (1)",
  },
  ex: {
    kind: "seconds",
    max: LEASE_SECONDS_MAX,
    isPositive: true,
    help: "lease of each event (30); it is kept while the command runs",
  },
  timeout: {
    kind: "seconds",
    isPositive: true,
    help: "how long a command may run; then it is stopped, which is a failed attempt",
  },
  grace: {
    kind: "seconds",
    help: "between SIGTERM and SIGKILL for a command that is stopped (10)",
  },
  "retry-after": {
    kind: "seconds",
    help: "when an event comes again after exit code 75; else as its backoff says",
  },
  max: { kind: "number", min: 1, value: "N", help: "end after so many events" },
  once: { kind: "flag", help: "end after one event" },
  drain: { kind: "flag", help: "end when the queues have no event that is ready" },
  "idle-exit": { kind: "seconds", max: 604_800, help: "end when no event has come for so long" },
  order: {
    kind: "choice",
    values: ["strict", "rr"],
    help:
      "of several queues take the first one that has an event (strict), or let each be first " +
      "equally often (rr)",
  },
  weights: {
    kind: "text",
    value: "N,N,...",
    help: "how often each queue is the first one, a number for each",
  },
  batch: {
    kind: "number",
    min: 1,
    max: 1000,
    value: "N",
    help: "give up to so many events to one command, their contents as lines on stdin",
  },
  fill: { kind: "seconds", help: "how long a batch waits until it is full (1)" },
  null: { kind: "flag", short: "0", help: "in a batch, end contents with a NUL, not as lines" },
  arg: { kind: "flag", help: "put the contents in the place of {} in the arguments" },
  result: {
    kind: "flag",
    help: "keep what the command writes to stdout as the result, up to 64 KiB",
  },
  prefix: { kind: "flag", help: "write the id of the event before each line of its command" },
  as: { kind: "text", value: "NAME", help: "name of this worker, as `okq workers` shows it" },
  "pass-auth": { kind: "flag", help: "give the password for okq to the command too" },
  "dry-run": {
    kind: "flag",
    help: "show the next event of each queue and its command; do nothing",
  },
  json: { kind: "flag", help: "log to stderr as JSON, one object in a line, also what went well" },
} as const satisfies ClientOptions;

export interface WorkSettings {
  queues: string[];
  /** null: strict order. */
  weights: number[] | null;
  command: string[];
  concurrency: number;
  leaseMs: number;
  timeoutMs: number | null;
  graceMs: number;
  retryAfterMs: number | null;
  /** Events; null for no limit. */
  max: number | null;
  drain: boolean;
  idleMs: number | null;
  batch: { size: number; fillMs: number; end: "\n" | "\0" } | null;
  asArgument: boolean;
  keepResult: boolean;
  prefix: boolean;
  name: string | null;
  dryRun: boolean;
  json: boolean;
}

type WorkCall = Pick<Invocation<typeof workOptions>, "words" | "behindDashes" | "options">;

/** Throws UsageError. */
export function workSettings({
  words: queues,
  behindDashes: command,
  options,
}: WorkCall): WorkSettings {
  const twice = queues.find((queue, index) => queues.indexOf(queue) !== index);
  if (twice !== undefined) throw new UsageError(`${shown(twice)} is given twice`);
  if (options.once && options.max !== undefined) throw exclusive("once", "max");
  if (options.passAuth && options.askPassword) throw exclusive("pass-auth", "ask-password");
  checkBatch(options);
  if (options.arg && !command.slice(1).some((arg) => arg.includes(PLACEHOLDER))) {
    throw new UsageError(`--arg: no argument of the command has ${PLACEHOLDER}`);
  }
  const strange = command.find((word) => !word.isWellFormed());
  if (strange !== undefined) {
    throw new UsageError(`COMMAND: ${shown(printable(strange))} is not UTF-8`);
  }
  const max = options.once ? 1 : (options.max ?? null);
  return {
    queues,
    weights: weightsOf(queues, options),
    command,
    concurrency: options.concurrency ?? 1,
    leaseMs: options.ex ?? 30_000,
    timeoutMs: options.timeout ?? null,
    graceMs: options.grace ?? 10_000,
    retryAfterMs: options.retryAfter ?? null,
    max,
    drain: options.drain,
    idleMs: options.idleExit ?? null,
    batch: batchOf(options, max),
    asArgument: options.arg,
    keepResult: options.result,
    prefix: options.prefix,
    name: options.as ?? null,
    dryRun: options.dryRun,
    json: options.json,
  };
}

function checkBatch(options: WorkCall["options"]): void {
  if (options.batch === undefined) {
    if (options.null) throw new UsageError("--null is only for --batch");
    if (options.fill !== undefined) throw new UsageError("--fill is only for --batch");
    return;
  }
  for (const name of ["arg", "result"] as const) {
    if (options[name]) throw exclusive("batch", name);
  }
}

function batchOf({ batch, fill, null: isNull }: WorkCall["options"], max: number | null) {
  if (batch === undefined) return null;
  const size = Math.min(batch, max ?? batch);
  return { size, fillMs: fill ?? 1000, end: isNull ? ("\0" as const) : ("\n" as const) };
}

function weightsOf(queues: string[], { order, weights }: WorkCall["options"]): number[] | null {
  if (weights === undefined) return order === "rr" ? queues.map(() => 1) : null;
  if (order !== undefined) throw exclusive("weights", "order");
  const texts = weights.split(",");
  const isRight = texts.every((text) => /^[1-9]\d{0,5}$/.test(text));
  if (isRight && texts.length === queues.length) return texts.map(Number);
  throw new UsageError(
    `--weights: ${shown(weights)} is not ${queues.length} whole numbers above 0 with commas ` +
      "between them, one for each queue",
  );
}

function exclusive(one: string, other: string): UsageError {
  return new UsageError(`--${one} and --${other} exclude each other`);
}
