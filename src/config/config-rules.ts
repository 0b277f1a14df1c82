// What options must keep to beyond one value at a time, and how a unix socket is named.
import { type Asked, contradiction, lacks } from "./asked.ts";
import type { OptionName } from "./config.ts";
import { expandHome } from "./home-path.ts";
import { redisContradiction } from "./redis-contradictions.ts";

/** Of the system. */
const UNIX_PATH_BYTES_MAX = 107;

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

/** Throws a phrase. */
export function checkUnixPath(text: string): string {
  const path = expandHome(text);
  if (Buffer.byteLength(path) > UNIX_PATH_BYTES_MAX) {
    throw new Error(`is longer than ${UNIX_PATH_BYTES_MAX} bytes`);
  }
  return path;
}

/** Throws a phrase. */
export function checkMode(text: string): void {
  if (!/^0?[0-7]{3}$/.test(text)) throw new Error("is not a mode of three octal digits, as 770");
}
