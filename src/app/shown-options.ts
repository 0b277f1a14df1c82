// The options of a Config as CONFIG GET shows them, without passwords.
import { camelCase, type Config, optionNames, options } from "../config/options.ts";
import { redactUrl } from "../config/redis-url.ts";

const MASK = "(secret)";

/** Values by option name. A secret that is set is masked. */
export function shownOptions(config: Config): Map<string, string> {
  const shown = { ...config, store: redactUrl(config.store) };
  return new Map(
    optionNames.map((name) => {
      const value = String(shown[camelCase(name) as keyof Config]);
      return [name, options[name].isSecret && value !== "" ? MASK : value];
    }),
  );
}
