// Reads a config file: options as `name: value`, one per line.
import { readFileSync } from "node:fs";
import { parseConfigLine } from "./config-line.ts";
import { expandHome } from "./home-path.ts";
import { shown } from "./option.ts";
import { isOptionName, type OptionName } from "./options.ts";
import { UsageError } from "./usage-error.ts";

/** An unparsed value and its source: "--store", "OKQ_STORE" or "okq.conf:3: store". */
export interface Setting {
  text: string;
  source: string;
}
export type Settings = Partial<Record<OptionName, Setting>>;

/** Reads the file that the setting names. Throws UsageError. */
export function readConfigFile({ text, source }: Setting): Settings {
  const file = expandHome(text);
  let lines: string[];
  try {
    lines = readFileSync(file, "utf8")
      .replace(/^\uFEFF/, "")
      .split(/\r?\n/);
  } catch (error) {
    const reason = (error as Error).message.split(",")[0];
    throw new UsageError(`${source}: cannot read ${shown(file)} (${reason})`);
  }
  const settings: Settings = {};
  for (const [index, content] of lines.entries()) {
    const line = `${file}:${index + 1}`;
    const { name, value } = parseLine(line, content) ?? {};
    if (name === undefined) continue;
    if (!isOptionName(name)) {
      throw new UsageError(`${line}: unknown option ${shown(name)} (see okq --example)`);
    }
    if (name === "config") {
      throw new UsageError(`${line}: a config file cannot name another config file`);
    }
    if (settings[name]) throw new UsageError(`${line}: ${name} is already set above`);
    settings[name] = { text: value ?? "", source: `${line}: ${name}` };
  }
  return settings;
}

/** Adds the file and the number of the line to an error. */
function parseLine(line: string, text: string) {
  try {
    return parseConfigLine(text);
  } catch (error) {
    throw new UsageError(`${line}: ${(error as Error).message}`);
  }
}
