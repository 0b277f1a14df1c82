// The environment of a command: that of the worker, without its own OKQ_ variables, and the
// event.
import { bytesOf } from "../../client/client.ts";

export interface EventFacts {
  queue: string;
  id: string;
  attempt: number;
  token: string;
  headers: Record<string, string>;
  /** When the command should be done, in ms since 1970. */
  deadlineMs: number;
  /** When it was pushed, and how many attempts it has; null if that is not known. */
  enqueuedMs: number | null;
  maxAttempts: number | null;
}

export interface Surroundings {
  /** The environment of the worker. */
  base: Record<string, string | undefined>;
  /** Where okq is, as the command gets it. */
  address: string;
}

/** Linux takes at most 128 KiB in a variable, with its name. */
const VARIABLE_BYTES_MAX = 120 << 10;

/** Without `headers` the variables of the headers are left out. */
export function childEnvironment(
  surroundings: Surroundings,
  facts: EventFacts,
  { headers: withHeaders = true } = {},
): Record<string, string> {
  const env = new Variables(inherited(surroundings));
  const { queue, id, attempt, token, headers, deadlineMs, enqueuedMs, maxAttempts } = facts;
  env.set("OKQ_QUEUE", queue);
  env.set("OKQ_ID", id);
  env.set("OKQ_TOKEN", token);
  env.set("OKQ_ATTEMPT", String(attempt));
  env.set("OKQ_DEADLINE_MS", String(Math.floor(deadlineMs)));
  if (enqueuedMs !== null) env.set("OKQ_ENQUEUED_MS", String(Math.floor(enqueuedMs)));
  if (maxAttempts !== null) env.set("OKQ_MAX_ATTEMPTS", String(maxAttempts));
  if (withHeaders) {
    for (const [name, value] of Object.entries(headers)) env.set(headerVariable(name), value);
    env.set("OKQ_HEADERS", JSON.stringify(headers));
  }
  return env.all;
}

/** Of a batch there is no id, and no headers. */
export function batchEnvironment(
  surroundings: Surroundings,
  batch: { queues: string[]; count: number; deadlineMs: number },
): Record<string, string> {
  const env = new Variables(inherited(surroundings));
  const [queue, another] = batch.queues;
  if (queue !== undefined && another === undefined) env.set("OKQ_QUEUE", queue);
  env.set("OKQ_COUNT", String(batch.count));
  env.set("OKQ_DEADLINE_MS", String(Math.floor(batch.deadlineMs)));
  return env.all;
}

function inherited({ base, address }: Surroundings): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && !name.startsWith("OKQ_")) env[name] = value;
  }
  env["OKQ_ADDR"] = address;
  return env;
}

/** OKQ_H_X_TRACE for x-trace. */
function headerVariable(name: string): string {
  return `OKQ_H_${name.toUpperCase().replace(/[^A-Z0-9_]/g, "_")}`;
}

class Variables {
  constructor(readonly all: Record<string, string>) {}

  /**
   * A variable cannot have a zero byte, and here no bytes that are not UTF-8: then NAME_BASE64 has
   * the value. The first of two headers with the same variable stays, and one that is too long is
   * left out.
   */
  set(name: string, value: string): void {
    const isText = value.isWellFormed() && !value.includes("\0");
    const key = isText ? name : `${name}_BASE64`;
    const text = isText ? value : bytesOf(value).toString("base64");
    if (Object.hasOwn(this.all, key) || Buffer.byteLength(text) > VARIABLE_BYTES_MAX) return;
    this.all[key] = text;
  }
}
