// Reads the XML that object stores answer with: lists of objects, and errors.
import type { ListedObject } from "./bucket.ts";

export interface S3Problem {
  /** Such as NoSuchKey; "" if the answer is none of an object store. */
  code: string;
  message: string;
  /** Where the bucket is, if the object store says it. */
  region: string | null;
}

export function parseProblem(xml: string): S3Problem {
  return {
    code: elementOf(xml, "Code") ?? "",
    message: elementOf(xml, "Message") ?? "",
    region: elementOf(xml, "Region"),
  };
}

export interface ParsedList {
  objects: ListedObject[];
  isTruncated: boolean;
}

/** Keys are without the prefix. Throws a phrase about a list that is none of objects below it. */
export function parseList(xml: string, prefix: string): ParsedList {
  if (!/<ListBucketResult[\s>]/.test(xml)) throw new Error("is none of objects");
  const isEncoded = elementOf(xml, "EncodingType") === "url";
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry]) => {
    const key = elementOf(entry!, "Key") ?? "";
    const name = isEncoded ? decodeURIComponent(key.replaceAll("+", " ")) : key;
    const bytes = Number(elementOf(entry!, "Size") ?? Number.NaN);
    const modifiedMs = Date.parse(elementOf(entry!, "LastModified") ?? "");
    if (!name.startsWith(prefix) || Number.isNaN(bytes) || Number.isNaN(modifiedMs)) {
      throw new Error(`has an entry without name, size or time below ${prefix}`);
    }
    return { name: name.slice(prefix.length), bytes, modifiedMs };
  });
  const isTruncated = elementOf(xml, "IsTruncated") === "true";
  if (isTruncated && objects.length === 0) throw new Error("goes on, and has no objects");
  return { objects, isTruncated };
}

/** The text of the first element of that name; null if there is none. */
export function elementOf(xml: string, name: string): string | null {
  const found = new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`).exec(xml);
  return found ? unescaped(found[1]!).trim() : null;
}

const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w+));/gi, (entity, hex, decimal, name) => {
    if (name !== undefined) return entities[name] ?? entity;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10_ffff ? String.fromCodePoint(code) : entity;
  });
}
