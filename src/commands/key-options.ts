// The options of Redis' commands on keys, read and refused as Redis does.
import { commandError } from "./errors.ts";
import { wordOf } from "./words.ts";

const DIGITS_MAX = 19;
const INTEGER_MAX = 2n ** 63n - 1n;

/**
 * The value behind each option from that argument on, by the option in capitals; of repeated ones
 * the last. Throws Redis' syntax error for any other option, and for a missing value.
 */
export function valuesOf<Name extends string>(
  args: Buffer[],
  first: number,
  names: readonly Name[],
): Partial<Record<Name, Buffer>> {
  const values: Partial<Record<Name, Buffer>> = {};
  for (let at = first; at < args.length; at += 2) {
    const name = names.find((each) => each === wordOf(args[at]!));
    const value = args[at + 1];
    if (name === undefined || value === undefined) throw commandError("syntax");
    values[name] = value;
  }
  return values;
}

/** An integer of 64 bits, as Redis reads it; a large one is cut to a safe integer. */
export function integerOf(bytes: Buffer): number {
  const text = bytes.length <= DIGITS_MAX + 1 ? bytes.toString("latin1") : "";
  if (!/^(?:0|-?[1-9]\d*)$/.test(text)) throw commandError("notAnInteger");
  const value = BigInt(text);
  if (value > INTEGER_MAX || value < -INTEGER_MAX - 1n) throw commandError("notAnInteger");
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(text)));
}
