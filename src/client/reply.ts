// Replies of okq, and how the client reads them.
import { errorOf, OkqError } from "./errors.ts";
import { textOf } from "./words.ts";

/** Texts of all kinds are bytes. An array has an error where a command of a transaction had one. */
export type Reply = null | number | Buffer | OkqError | Reply[];

/** Throws if the reply is something else: this is not okq, or not a version that we know. */
export function textIn(reply: Reply | undefined): string {
  if (Buffer.isBuffer(reply)) return textOf(reply);
  if (typeof reply === "number") return String(reply);
  throw unexpected(reply);
}

export function numberIn(reply: Reply | undefined): number {
  const number = Buffer.isBuffer(reply) ? Number(reply.toString()) : reply;
  if (typeof number === "number" && !Number.isNaN(number)) return number;
  throw unexpected(reply);
}

export function bytesIn(reply: Reply | undefined): Buffer {
  if (Buffer.isBuffer(reply)) return reply;
  throw unexpected(reply);
}

export function arrayIn(reply: Reply | undefined): Reply[] {
  if (Array.isArray(reply)) return reply;
  throw unexpected(reply);
}

/** Names and values in turn, as okq sends a map. */
export function pairsIn(reply: Reply | undefined): [name: string, value: Reply][] {
  const flat = arrayIn(reply);
  const pairs: [string, Reply][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([textIn(flat[at]), flat[at + 1]!]);
  return pairs;
}

/** ioredis has errors of its own within arrays. */
export function withOurError(reply: Reply | Error): Reply {
  if (reply instanceof OkqError || !(reply instanceof Error)) return reply;
  return errorOf(reply.message);
}

function unexpected(reply: Reply | undefined): OkqError {
  if (reply instanceof OkqError) return reply;
  const kind = Array.isArray(reply) ? "an array" : reply === undefined ? "nothing" : typeof reply;
  return new OkqError("PROTOCOL", `PROTOCOL okq answered ${reply === null ? "nil" : kind}`);
}
