// A Config together with where each option was set. Error texts name options by that place, and
// never show their values.
import type { Config, OptionName } from "./options.ts";

export interface SourcedConfig {
  config: Config;
  /** Whether the value differs from the default. */
  isSet(name: OptionName): boolean;
  /** Whether the option is on the command line. */
  isFlag(name: OptionName): boolean;
  /** "--store", "OKQ_STORE", or "okq.conf:3: store"; the flag if the option is at its default. */
  sourceOf(name: OptionName): string;
}

export function contradiction(
  { sourceOf }: SourcedConfig,
  a: OptionName,
  b: OptionName,
  why = "give only one of them",
): string {
  return `${sourceOf(a)} and ${sourceOf(b)} contradict each other: ${why}`;
}

export function lacks({ sourceOf }: SourcedConfig, name: OptionName, needed: string): string {
  return `${sourceOf(name)} needs ${needed}`;
}
