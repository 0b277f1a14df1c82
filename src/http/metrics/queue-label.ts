// The name of a queue as the value of a label, which must be UTF-8. No two queues have the same.
import { textOf } from "../json.ts";

/** Stands for all queues that are not shown by themselves. No queue has it. */
export const OTHER = "other";

/**
 * As patterns of users write names: a backslash is doubled, and bytes that are no text are \xHH,
 * control characters too. The queue "other" begins with \x6f.
 */
export function queueLabel(name: Buffer): string {
  const text = textOf(name);
  const label =
    text === null
      ? name.toString("latin1").replaceAll(/[^ -~]|\\/g, (byte) => escaped(byte, "latin1"))
      : text.replaceAll(/[\p{Cc}\\]/gu, (character) => escaped(character, "utf8"));
  return label === OTHER ? escaped(OTHER[0]!, "utf8") + OTHER.slice(1) : label;
}

function escaped(character: string, encoding: "utf8" | "latin1"): string {
  if (character === "\\") return "\\\\";
  const bytes = [...Buffer.from(character, encoding)];
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
