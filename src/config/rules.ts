// Rules about options together: which contradict each other and which need another one.
import { type Asked, contradiction, lacks } from "./asked.ts";
import type { OptionName } from "./options.ts";
import { redisContradiction } from "./redis-rules.ts";

/** These options protect the operator who sets them: an empty value is a mistake. */
const guards: OptionName[] = ["password", "password-file", "users", "tls-client-ca"];
const onlyForTls: OptionName[] = ["tls-cert", "tls-key", "tls-client-ca"];

/** What is wrong with options as they stand together, in one line; null when nothing is. */
export function complaintAbout(asked: Asked): string | null {
  const { config, isSet, isFlag, sourceOf } = asked;
  const empty = guards.find((name) => isFlag(name) && !isSet(name));
  if (empty) return `--${empty}: the value is empty`;
  if (isSet("password") && isSet("password-file")) {
    return contradiction(asked, "password", "password-file");
  }
  if (config.tlsListenAddr && !(config.tlsCert && config.tlsKey)) {
    return lacks(asked, "tls-listen-addr", "--tls-cert and --tls-key");
  }
  const useless = onlyForTls.find((name) => isSet(name) && !config.tlsListenAddr);
  if (useless) return lacks(asked, useless, "--tls-listen-addr");
  if (!config.listenAddr && !config.tlsListenAddr && !config.unixSocket) {
    return `${sourceOf("listen-addr")}: without it give --tls-listen-addr or --unix-socket`;
  }
  return redisContradiction(asked);
}
