// The options of Redis' commands on keys, read and refused as Redis does.
import { commandError } from "./errors.ts";
import { wordOf } from "./words.ts";

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
