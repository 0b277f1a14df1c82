// Makes a Config from flags, environment and config file. No error shows a password.
import { readConfigFile, type Setting, type Settings } from "./config-file.ts";
import { type Option, shown } from "./option.ts";
import {
  camelCase,
  type Config,
  environmentName,
  type OptionName,
  optionNames,
  options,
} from "./options.ts";
import { configMistake } from "./rules.ts";
import { UsageError } from "./usage-error.ts";

type Environment = Record<string, string | undefined>;

/** The config of okq without flags, environment and file. */
export function defaultConfig(): Config {
  return resolveConfig({}, {});
}

/**
 * Flags win over the environment, the environment over the config file, the file over defaults. An
 * empty environment variable counts as not set. Unknown OKQ_ variables are ignored, because
 * orchestrators set some. Throws UsageError.
 */
export function resolveConfig(
  flags: Partial<Record<OptionName, string>>,
  env: Environment,
): Config {
  const settings: Settings = {};
  for (const name of optionNames) {
    const variable = environmentName(name);
    const flag = flags[name];
    if (flag !== undefined) settings[name] = { text: flag, source: `--${name}` };
    else if (env[variable]) settings[name] = { text: env[variable], source: variable };
  }
  if (valueOf("config", settings.config)) {
    Object.assign(settings, { ...readConfigFile(settings.config!), ...settings });
  }
  const values = optionNames.map((name) => [camelCase(name), valueOf(name, settings[name])]);
  const isHttpAddrGiven = settings["http-addr"] !== undefined;
  const config = { ...Object.fromEntries(values), isHttpAddrGiven } as Config;
  const mistake = configMistake({
    config,
    isFlag: (name) => flags[name] !== undefined,
    isSet: (name) => config[camelCase(name) as keyof Config] !== options[name].default,
    sourceOf: (name) => settings[name]?.source ?? `--${name}`,
  });
  if (mistake !== null) throw new UsageError(mistake);
  return config;
}

function valueOf(name: OptionName, setting: Setting | undefined): string | number | boolean {
  const option: Option<string | number | boolean> = options[name];
  if (setting === undefined) return option.default;
  try {
    return option.parse(setting.text);
  } catch (error) {
    const text = option.isSecret ? "the value" : shown(setting.text);
    throw new UsageError(`${setting.source}: ${text} ${(error as Error).message}`);
  }
}
