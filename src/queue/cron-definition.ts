// What a cron entry pushes, and when, as the bytes that a store keeps of it.
import { createHash } from "node:crypto";
import { NO_OPTIONS, type End, type PushOptions } from "./event.ts";

export interface CronDefinition {
  spec: string;
  zone: string;
  /** What becomes of times that passed while no okq ran: none, or the latest of them once. */
  catchUp: "none" | "one";
  end: End;
  contents: Buffer;
  options: PushOptions | null;
}

/** Bytes are the only arrays in a definition. */
function written(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const own = this[key];
  return own instanceof Uint8Array ? [Buffer.from(own).toString("base64")] : value;
}

function read(_: string, value: unknown): unknown {
  return Array.isArray(value) ? Buffer.from(value[0] as string, "base64") : value;
}

export function encodeDefinition(definition: CronDefinition): Buffer {
  return Buffer.from(JSON.stringify(definition, written));
}

/** Throws for what no okq has encoded. */
export function decodeDefinition(bytes: Buffer): CronDefinition {
  const definition = JSON.parse(bytes.toString(), read) as CronDefinition;
  const { options } = definition;
  // An older okq knew fewer options.
  return { ...definition, options: options && { ...NO_OPTIONS, ...options } };
}

/** The same only for equal definitions. */
export function versionOf(definition: Buffer): string {
  return createHash("sha256").update(definition).digest("hex").slice(0, 32);
}
