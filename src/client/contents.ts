// The contents of a queue's events: bytes, text, or JSON that a schema may check.
import { isUtf8 } from "node:buffer";
import { ContentsError } from "./errors.ts";
import type { SchemaIssue, StandardSchemaV1 } from "./standard-schema.ts";

export type ContentsKind = "json" | "text" | "bytes";

/** Both throw an Error that says why the contents do not suit. */
export interface Codec<T> {
  encode(contents: T): string | Uint8Array | Promise<string | Uint8Array>;
  decode(bytes: Buffer): T | Promise<T>;
}

export function codecOf<T>(kind: ContentsKind, schema?: StandardSchemaV1<unknown, T>): Codec<T> {
  const plain = PLAIN[kind] as Codec<unknown>;
  return schema ? checked(plain, schema) : (plain as Codec<T>);
}

const PLAIN: Record<ContentsKind, Codec<never>> = {
  json: { encode: toJson, decode: fromJson },
  text: { encode: toText, decode: fromText },
  bytes: { encode: toBytes, decode: (bytes: Buffer) => bytes as never },
};

function toJson(contents: unknown): string {
  const json: string | undefined = JSON.stringify(contents);
  if (json === undefined) throw new Error(`${typeof contents} is no JSON`);
  return json;
}

function fromJson(bytes: Buffer): never {
  return JSON.parse(fromText(bytes)) as never;
}

function toText(contents: unknown): string {
  if (typeof contents === "string") return contents;
  throw new Error(`text must be a string, got ${typeof contents}`);
}

function fromText(bytes: Buffer): never {
  if (!isUtf8(bytes)) throw new Error("the contents are not UTF-8");
  return bytes.toString() as never;
}

function toBytes(contents: unknown): Uint8Array {
  if (contents instanceof Uint8Array) return contents;
  throw new Error(`bytes must be a Buffer or Uint8Array, got ${typeof contents}`);
}

/** Pushed contents are checked as they will be when they are popped. */
function checked<T>(plain: Codec<unknown>, schema: StandardSchemaV1<unknown, T>): Codec<T> {
  const validate = (value: unknown): T | Promise<T> => {
    const result = schema["~standard"].validate(value);
    return result instanceof Promise ? result.then(accepted) : accepted(result);
  };
  const decode = (bytes: Buffer) => validate(plain.decode(bytes));
  return {
    decode,
    encode(contents) {
      const encoded = plain.encode(contents) as string | Uint8Array;
      const read = decode(Buffer.from(encoded as string));
      return read instanceof Promise ? read.then(() => encoded) : encoded;
    },
  };
}

function accepted<T>(
  result: { value: T; issues?: undefined } | { issues: readonly SchemaIssue[] },
): T {
  if (!result.issues) return result.value;
  throw new Error(result.issues.map(issueText).join("; "));
}

function issueText({ message, path = [] }: SchemaIssue): string {
  const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
  return keys.length > 0 ? `${keys.join(".")}: ${message}` : message;
}

/** Contents to be pushed as bytes. Throws or rejects with a ContentsError that names the queue. */
export function encodedFor<T>(
  queue: string,
  codec: Codec<T>,
  contents: T,
): string | Uint8Array | Promise<string | Uint8Array> {
  const refuse = (error: unknown): never => {
    throw new ContentsError(`contents for ${queue}: ${(error as Error).message}`);
  };
  try {
    const encoded = codec.encode(contents);
    return encoded instanceof Promise ? encoded.catch(refuse) : encoded;
  } catch (error) {
    return refuse(error);
  }
}
