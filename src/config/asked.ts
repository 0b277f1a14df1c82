// Options as a person gave them, which complaints about them name: by where they stand, never by
// their values.
import type { Config, OptionName } from "./options.ts";

export interface Asked {
  config: Config;
  /** Whether it is other than by default. */
  isSet(name: OptionName): boolean;
  /** Whether it is on the command line. */
  isFlag(name: OptionName): boolean;
  /** Where a person set it: "--store", "OKQ_STORE"; by default the flag. */
  sourceOf(name: OptionName): string;
}

export function contradiction(
  { sourceOf }: Asked,
  a: OptionName,
  b: OptionName,
  why = "give only one of them",
): string {
  return `${sourceOf(a)} and ${sourceOf(b)} contradict each other: ${why}`;
}

export function lacks({ sourceOf }: Asked, name: OptionName, needed: string): string {
  return `${sourceOf(name)} needs ${needed}`;
}
