// A pattern of queue names: `*` matches any bytes, `?` one byte, `\xHH` that byte, `\\` a
// backslash, and everything else itself. Names are compared as bytes.
import { Glob, type GlobPart, globPart } from "./glob.ts";

const BACKSLASH = 92;

export class Pattern extends Glob {
  /** Throws a phrase such as "has a \ that ..." for an invalid pattern. */
  constructor(readonly text: string) {
    super(partsOf(Buffer.from(text)));
  }
}

function partsOf(text: Buffer): GlobPart[] {
  const parts: GlobPart[] = [];
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]!;
    if (byte !== BACKSLASH) parts.push(globPart(byte));
    else {
      const escape = text.toString("latin1", at + 1, at + 4);
      const [, hex] = /^x([\da-f]{2})/i.exec(escape) ?? [];
      if (hex === undefined && !escape.startsWith("\\")) {
        throw new Error("has a \\ that is not followed by \\ or by x and two hex digits");
      }
      parts.push(hex === undefined ? BACKSLASH : Number.parseInt(hex, 16));
      at += hex === undefined ? 1 : 3;
    }
  }
  return parts;
}
