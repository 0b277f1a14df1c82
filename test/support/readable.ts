// Replies as values that are easy to compare and read: "+OK", "-ERR ...", a bulk string as latin1
// text, which keeps all bytes, a RESP3 map as { map: ... }.
import type { Decoded } from "./reply-decoder.ts";
import type { Argument, Wire } from "./wire.ts";

export type Readable = null | number | bigint | boolean | string | Readable[] | ReadableMap;
export interface ReadableMap {
  map: Record<string, Readable>;
}

export function readable(reply: Decoded): Readable {
  if (Buffer.isBuffer(reply)) return reply.toString("latin1");
  if (Array.isArray(reply)) return reply.map(readable);
  if (reply instanceof Map) {
    const entries = [...reply].map(([key, value]) => [key, readable(value)]);
    return { map: Object.fromEntries(entries) };
  }
  if (reply === null || typeof reply !== "object") return reply;
  if ("simple" in reply) return `+${reply.simple}`;
  if ("error" in reply) return `-${reply.error}`;
  return [">", ...reply.push.map(readable)];
}

/** Sends a command and resolves to its reply. */
export async function ask(client: Wire, ...args: Argument[]): Promise<Readable> {
  return readable(await client.call(...args));
}

/** Sends commands in one write and resolves to their replies. */
export async function askAll(client: Wire, ...commands: Argument[][]): Promise<Readable[]> {
  client.pipeline(...commands);
  return (await client.take(commands.length)).map(readable);
}
