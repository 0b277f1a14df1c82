// The options of `okq copy`: the two stores, and what an object store needs. Each side can have a
// config file of its own, for stores with different keys.
import { flagUsage } from "../../config/config-text.ts";
import { shown } from "../../config/option.ts";
import {
  type Config,
  environmentName,
  type OptionName,
  optionNames,
  options,
  sqliteFile,
} from "../../config/options.ts";
import { resolveConfig } from "../../config/resolve.ts";
import { isS3Url } from "../../config/s3-url.ts";
import { UsageError } from "../../config/usage-error.ts";
import { type OptionShape, readArguments } from "../arguments.ts";
import type { ClientOptions } from "../client-option.ts";
import { shapesOf } from "../option-values.ts";

type Environment = Record<string, string | undefined>;
type Texts = Partial<Record<OptionName, string>>;

export interface CopySides {
  from: Config;
  to: Config;
}

const storeText = "sqlite:FILE or s3://bucket[/prefix]";

export const sideOptions = {
  from: { kind: "text", value: "STORE", help: `store to read, ${storeText}; no okq may use it` },
  to: { kind: "text", value: "STORE", help: `store to make, ${storeText}; nothing may be there` },
  "from-config": {
    kind: "text",
    value: "FILE",
    help: "config file of an okq whose store is read, instead of --from and the other options",
  },
  "to-config": {
    kind: "text",
    value: "FILE",
    help: "config file of an okq whose store is made, instead of --to and the other options",
  },
} as const satisfies ClientOptions;

/** Options of the server that `okq copy` takes too. */
export const sharedNames = optionNames.filter((name) => name.startsWith("s3-"));

export const copyShapes: Record<string, OptionShape> = {
  help: { takesValue: false, short: "h", usage: "--help" },
  ...shapesOf(sideOptions),
  ...Object.fromEntries(
    sharedNames.map((name) => [
      name,
      { takesValue: options[name].kind !== "boolean", usage: flagUsage(name) },
    ]),
  ),
};

/** argv with the word `copy`. null if it asks for help. Throws UsageError. */
export function copySides(argv: readonly string[], env: Environment): CopySides | null {
  const hint = "(see okq --help)";
  const given = readArguments(argv, { options: copyShapes, hint, takesDash: false });
  const [, surplus] = [...given.words, ...(given.behindDashes ?? [])];
  if (surplus !== undefined) {
    throw new UsageError(`surplus argument ${shown(surplus, "that may hold a password")} ${hint}`);
  }
  if (given.values["help"]) return null;
  const text = (name: string) => given.values[name]?.at(-1);
  const flags: Texts = {};
  for (const name of sharedNames) {
    const value = text(name);
    if (value !== undefined) flags[name] = value;
  }
  const side = (name: "from" | "to") => sideOf(name, text, flags, env);
  const sides = { from: side("from"), to: side("to") };
  const [unused] = Object.keys(flags);
  const areUsed = (["from", "to"] as const).some((name) => isS3Url(text(name) ?? ""));
  if (unused === undefined || areUsed) return sides;
  throw new UsageError(`--${unused} needs s3://bucket/prefix as --from or --to`);
}

function sideOf(
  name: "from" | "to",
  text: (name: string) => string | undefined,
  flags: Texts,
  env: Environment,
): Config {
  const [store, file] = [text(name), text(`${name}-config`)];
  if (store !== undefined && file !== undefined) {
    throw new UsageError(`--${name} contradicts --${name}-config: each names the store`);
  }
  if (file !== undefined) return copied(resolveConfig({ config: file }, {}), `--${name}-config`);
  if (!store) throw new UsageError(`copy needs both stores: okq copy --from STORE --to STORE`);
  checkStore(name, store);
  // Options of an object store are refused with another one.
  const isShared = isS3Url(store);
  const given = { ...(isShared ? flags : {}), store };
  return copied(resolveConfig(given, isShared ? sharedIn(env) : {}), `--${name}`);
}

/** Its error would name another option. */
function checkStore(name: string, store: string): void {
  try {
    options.store.parse(store);
  } catch (error) {
    throw new UsageError(`--${name}: ${shown(store)} ${(error as Error).message}`);
  }
}

function sharedIn(env: Environment): Environment {
  return Object.fromEntries(sharedNames.map(environmentName).map((name) => [name, env[name]]));
}

function copied(config: Config, source: string): Config {
  if (sqliteFile(config) !== null || isS3Url(config.store)) return config;
  const where = config.store === "memory" ? "in memory" : "in Redis";
  const advice = `okq copy reads and makes ${storeText}`;
  throw new UsageError(`${source}: the queues are ${where}: ${advice}`);
}
