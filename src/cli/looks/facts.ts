// The maps that okq answers about events, queues and clients, as they came: so that JSON has every
// field of them, and names keep their bytes.
import { numberIn, pairsIn, type Reply, textIn } from "../../client/reply.ts";
import { type Json, jsonOfBytes } from "../terminal/json-text.ts";

export class Facts {
  readonly #values: ReadonlyMap<string, Reply>;

  constructor(reply: Reply) {
    this.#values = new Map(pairsIn(reply));
  }

  has(name: string): boolean {
    return (this.#values.get(name) ?? null) !== null;
  }

  /** Empty if there is no such field. */
  bytes(name: string): Buffer {
    return bytesOf(this.#values.get(name));
  }

  text(name: string): string {
    return this.bytes(name).toString();
  }

  /** null if there is no such field. */
  number(name: string): number | null {
    const value = this.#values.get(name) ?? null;
    return value === null ? null : numberIn(value);
  }

  count(name: string): number {
    return this.number(name) ?? 0;
  }

  list(name: string): Reply[] {
    return listOf(this.#values.get(name));
  }

  /** The map in that field. */
  facts(name: string): Facts {
    return new Facts(this.list(name));
  }

  /** With names and values as the HTTP API has them. Bytes: see json-text.ts. */
  json(): { [name: string]: Json } {
    // A queue may not be called so, but a field of a later okq may.
    const object = Object.create(null) as { [name: string]: Json };
    for (const [name, value] of this.#values) object[camelCase(name)] = jsonOf(name, value);
    return object;
  }
}

export function listOf(reply: Reply | undefined): Reply[] {
  return Array.isArray(reply) ? reply : [];
}

/** Numbers as decimals. */
export function bytesOf(reply: Reply | undefined): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  return Buffer.from(reply === null || reply === undefined ? "" : textIn(reply));
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Numbers with decimals come as text. */
const NUMBERS = /-(at|seconds|second|total|p50|p99)$/;

function jsonOf(name: string, value: Reply): Json {
  if (name === "headers") return jsonOfHeaders(listOf(value));
  if (name === "errors") return listOf(value).map(jsonOfError);
  if (Array.isArray(value)) return value.map((each) => jsonOf("", each));
  if (name === "cancelled" || (name === "paused" && typeof value === "number")) return value === 1;
  if (NUMBERS.test(name) && value !== null) return numberIn(value);
  return Buffer.isBuffer(value) ? jsonOfBytes(value) : (value as number | null);
}

function jsonOfError(error: Reply): Json {
  const [at = null, attempt = null, text] = listOf(error);
  return { at: numberIn(at), attempt: numberIn(attempt), error: jsonOfBytes(bytesOf(text)) };
}

/** An object, or where names are no text, or twice there, a list of pairs. */
function jsonOfHeaders(words: readonly Reply[]): Json {
  const pairs = pairsOf(words).map(([name, value]) => [jsonOfBytes(name), jsonOfBytes(value)]);
  const names = new Set(pairs.map(([name]) => name));
  const isObject = names.size === pairs.length && pairs.every(([name]) => typeof name === "string");
  if (!isObject) return pairs as Json[];
  // A header may be called __proto__.
  const object = Object.create(null) as { [name: string]: Json };
  for (const [name, value] of pairs) object[name as string] = value!;
  return object;
}

/** Names and values in turn. */
export function pairsOf(words: readonly Reply[]): [name: Buffer, value: Buffer][] {
  const pairs: [Buffer, Buffer][] = [];
  for (let at = 0; at + 1 < words.length; at += 2) {
    pairs.push([bytesOf(words[at]), bytesOf(words[at + 1])]);
  }
  return pairs;
}
