// Reads a config file: options as `name: value`, one per line.
import { readFileSync } from "node:fs";
import { parseConfigLine } from "./config-line.ts";
import { expandHome } from "./home-path.ts";
import { shown } from "./option.ts";
import { isOptionName, type OptionName } from "./options.ts";
import { UsageError } from "./usage-error.ts";

/** A value as it was written, and where: "--store", "OKQ_STORE" or "okq.conf:3: store". */
export interface Setting {
  text: string;
  source: string;
}
export type Settings = Partial<Record<OptionName, Setting>>;

/** The setting names the file. Throws UsageError. */
export function readConfigFile({ text, source }: Setting): Settings {
  const file = expandHome(text);
  let content: string;
  try {
    content = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    const reason = (error as Error).message.split(",")[0];
    throw new UsageError(`${source}: cannot read ${shown(file)}(${reason})`);
  }
  const settings: Settings = {};
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    const place = `${file}:${index + 1}`;
    const { name, value } = lineAt(place, line) ?? {};
    if (name === undefined) continue;
    if (!isOptionName(name)) {
      const hint = "(okq --example shows what there is)";
      throw new UsageError(`${place}: unknown option ${shown(name)}${hint}`);
    }
    if (name === "config") throw new UsageError(`${place}: a config file cannot name another one`);
    if (settings[name]) throw new UsageError(`${place}: ${name} is already set further up`);
    settings[name] = { text: value ?? "", source: `${place}: ${name}` };
  }
  return settings;
}

function lineAt(place: string, line: string) {
  try {
    return parseConfigLine(line);
  } catch (error) {
    throw new UsageError(`${place}: ${(error as Error).message}`);
  }
}
