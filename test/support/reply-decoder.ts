// Decodes RESP2 and RESP3 replies for tests that talk to a server without a driver. It shares no
// code with src/resp, which it checks.

export type Decoded =
  | null
  | number
  | bigint
  | boolean
  | Buffer
  | { simple: string }
  | { error: string }
  | { push: Decoded[] }
  | Decoded[]
  | Map<string | number, Decoded>;

/** An array, map, set or push whose elements have not all arrived. */
interface Open {
  type: string;
  missing: number;
  elements: Decoded[];
}

const AGGREGATES = "*%~>";

export class ReplyDecoder {
  #chunks: Buffer[] = [];
  #buffered = 0;
  #awaited = 1;
  #bytes = Buffer.alloc(0);
  #at = 0;
  #open: Open[] = [];

  feed(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  /** The next complete reply (nil is null), or undefined: feed more. Throws if malformed. */
  next(): Decoded | undefined {
    for (;;) {
      let value = this.#element();
      if (value === undefined) return undefined;
      if (value === OPENED) continue;
      let open = this.#open.at(-1);
      while (open !== undefined) {
        open.elements.push(value as Decoded);
        if (open.elements.length < open.missing) break;
        this.#open.pop();
        value = closed(open);
        open = this.#open.at(-1);
      }
      if (open === undefined) return value as Decoded;
    }
  }

  /** The number of bytes after the last complete reply. */
  get rest(): number {
    return this.#bytes.length - this.#at + this.#buffered;
  }

  /** One value, OPENED for the header of an aggregate, undefined if the value is incomplete. */
  #element(): Decoded | typeof OPENED | undefined {
    this.#join();
    const end = this.#bytes.indexOf("\r\n", this.#at);
    if (end < 0) return undefined;
    const type = String.fromCharCode(this.#bytes[this.#at]!);
    const text = this.#bytes.toString("utf8", this.#at + 1, end);
    if ("$=!".includes(type) && text !== "-1") return this.#bulk(type, lengthOf(text), end + 2);
    this.#at = end + 2;
    if (!AGGREGATES.includes(type)) return scalar(type, text);
    if (text === "-1") return null;
    const missing = lengthOf(text) * (type === "%" ? 2 : 1);
    const open = { type, missing, elements: [] };
    if (missing === 0) return closed(open);
    this.#open.push(open);
    return OPENED;
  }

  #bulk(type: string, length: number, from: number): Decoded | undefined {
    const to = from + length;
    if (to + 2 > this.#bytes.length) {
      // A large value in many chunks is joined once, not with every chunk.
      this.#awaited = to + 2 - this.#bytes.length;
      return undefined;
    }
    if (this.#bytes.toString("latin1", to, to + 2) !== "\r\n")
      throw new Error("no CRLF at the end");
    this.#at = to + 2;
    const bytes = this.#bytes.subarray(from, to);
    if (type === "!") return { error: bytes.toString() };
    return type === "=" ? bytes.subarray("txt:".length) : bytes;
  }

  #join(): void {
    if (this.#buffered < this.#awaited) return;
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), ...this.#chunks]);
    this.#chunks = [];
    this.#buffered = 0;
    this.#at = 0;
    this.#awaited = 1;
  }
}

const OPENED = Symbol("opened");

function scalar(type: string, text: string): Decoded {
  if (type === "+") return { simple: text };
  if (type === "-") return { error: text };
  if (type === ":") return integerOf(text);
  if (type === "(") return BigInt(text);
  if (type === ",") return Number(text.replace("inf", "Infinity"));
  if (type === "#" && (text === "t" || text === "f")) return text === "t";
  if ((type === "_" && text === "") || (type === "$" && text === "-1")) return null;
  throw new Error(`not a reply: ${JSON.stringify(type + text)}`);
}

function integerOf(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new Error(`not an integer: ${JSON.stringify(text)}`);
  return Number(text);
}

function lengthOf(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`not a length: ${JSON.stringify(text)}`);
  return Number(text);
}

function closed({ type, elements }: Open): Decoded {
  if (type === ">") return { push: elements };
  if (type !== "%") return elements;
  const map = new Map<string | number, Decoded>();
  for (let at = 0; at < elements.length; at += 2) map.set(keyOf(elements[at]!), elements[at + 1]!);
  return map;
}

function keyOf(key: Decoded): string | number {
  if (typeof key === "number") return key;
  if (Buffer.isBuffer(key)) return key.toString();
  if (key !== null && typeof key === "object" && "simple" in key) return key.simple;
  throw new Error("a map with a key that is neither text nor number");
}
