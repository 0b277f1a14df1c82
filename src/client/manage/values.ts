// Results and progress: this client writes them as JSON, other programs as any bytes.
import { isUtf8 } from "node:buffer";

/** The value of the JSON, else the text, else the bytes. */
export function valueOf(bytes: Buffer | undefined): unknown {
  if (bytes === undefined) return undefined;
  if (!isUtf8(bytes)) return bytes;
  const text = bytes.toString();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
