// The options of a push, as the command line has them: all of QPUSH.
import type { PushOptions } from "../../client/client.ts";
import { UsageError } from "../../config/usage-error.ts";
import type { ClientOptions, OptionValues } from "../client-option.ts";

export const pushOptions = {
  right: { kind: "flag", help: "the event is the next one out of its priority" },
  delay: { kind: "seconds", help: "the event is not ready before so many seconds are over" },
  at: { kind: "time", help: "it is not ready before: seconds since 1970, or 2026-12-31T23:59:59Z" },
  priority: {
    kind: "number",
    min: -1000,
    max: 1000,
    help: "from -1000 to 1000 (0); higher ones are handed out first",
  },
  group: { kind: "text", value: "NAME", help: "in order within that group; groups take turns" },
  ttl: { kind: "seconds", help: "it expires so long after its push, unless it is claimed" },
  attempts: { kind: "number", help: "it has failed for good after so many attempts; 0: no limit" },
  backoff: {
    kind: "text",
    value: "RULE",
    help: "how long it waits after a failure: none, 'fixed S', 'exponential FIRST MAX', or S,S,...",
  },
  lease: { kind: "seconds", help: "its claims last so long, unless the pop says otherwise" },
  header: {
    kind: "list",
    short: "H",
    value: "NAME=VALUE",
    help: "a header of the event; may be given several times",
  },
  unique: {
    kind: "text",
    value: "KEY",
    help: "no second event of that key, while this one is ready, delayed or claimed",
  },
  "until-claimed": { kind: "flag", help: "the key of --unique is free when the event is claimed" },
  "unique-for": {
    kind: "seconds",
    help: "the key of --unique is taken for so long, whatever becomes of the event",
  },
  part: {
    kind: "text",
    value: "QUEUE=KEY",
    help: "a member of the counter KEY of QUEUE: acknowledging the event counts it down",
  },
  replace: { kind: "flag", help: "replace the event of that id or key that is there" },
  "fail-duplicate": {
    kind: "flag",
    help: "exit with 1 if an event of that id or key is there; else that is a success",
  },
} as const satisfies ClientOptions;

export type PushOptionValues = OptionValues<typeof pushOptions>;

/** Throws UsageError. */
export function pushOptionsOf(given: PushOptionValues): PushOptions {
  exclude(given, "delay", "at");
  exclude(given, "replace", "failDuplicate");
  exclude(given, "untilClaimed", "uniqueFor");
  const { delay, at, ttl, lease, unique, untilClaimed, uniqueFor, part, header } = given;
  if (unique === undefined && (untilClaimed || uniqueFor !== undefined)) {
    throw new UsageError(`--${untilClaimed ? "until-claimed" : "unique-for"} needs --unique KEY`);
  }
  const options: { [N in keyof PushOptions]: PushOptions[N] | undefined } = {
    right: given.right || undefined,
    delayMs: delay,
    at,
    priority: given.priority,
    group: given.group,
    ttlMs: ttl,
    attempts: given.attempts,
    backoff: given.backoff as PushOptions["backoff"],
    leaseMs: lease,
    headers: header.length > 0 ? headersOf(header) : undefined,
    unique,
    until: untilClaimed ? "claimed" : uniqueFor === undefined ? undefined : { forMs: uniqueFor },
    part: part === undefined ? undefined : partOf(part),
    onDuplicate: given.replace ? "replace" : given.failDuplicate ? "error" : "keep",
  };
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as PushOptions;
}

type Name = keyof PushOptionValues;

function exclude(given: PushOptionValues, one: Name, other: Name): void {
  const isGiven = (name: Name) => given[name] !== undefined && given[name] !== false;
  if (isGiven(one) && isGiven(other)) {
    throw new UsageError(`${flag(one)} and ${flag(other)} exclude each other`);
  }
}

function flag(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function headersOf(pairs: string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of pairs) {
    const [name, value] = split(pair, "-H", "NAME=VALUE");
    if (Object.hasOwn(headers, name)) {
      throw new UsageError(`-H: the header ${JSON.stringify(name)} is given twice`);
    }
    headers[name] = value;
  }
  return headers;
}

function partOf(text: string): { queue: string; key: string } {
  const [queue, key] = split(text, "--part", "QUEUE=KEY");
  return { queue, key };
}

function split(text: string, option: string, form: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new UsageError(`${option}: ${JSON.stringify(text)} is not of the form ${form}`);
}
