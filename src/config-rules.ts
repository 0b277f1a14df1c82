// What options must keep to beyond one value at a time, and how a unix socket is named.
import type { Config, OptionName, Setting } from "./config.ts";

/** Of the system. */
const UNIX_PATH_BYTES_MAX = 107;

/** Whoever writes one of these wants to be protected by it: nothing at all is a mistake. */
const guards: OptionName[] = ["password", "password-file", "users", "tls-client-ca"];
const onlyForTls: OptionName[] = ["tls-cert", "tls-key", "tls-client-ca"];

/** What is wrong with options as they stand together, in one line; null when nothing is. */
export function complaintAbout(
  config: Config,
  settingOf: (name: OptionName) => Setting,
): string | null {
  const source = (name: OptionName) => settingOf(name).source;
  const isGiven = (name: OptionName) => settingOf(name).text !== "";
  const empty = guards.find((name) => source(name) === `--${name}` && !isGiven(name));
  if (empty) return `--${empty}: the value is empty`;
  if (isGiven("password") && isGiven("password-file")) {
    const [one, other] = [source("password"), source("password-file")];
    return `${one} and ${other} contradict each other: give only one of them`;
  }
  if (config.tlsListenAddr && !(config.tlsCert && config.tlsKey)) {
    return `${source("tls-listen-addr")} needs --tls-cert and --tls-key`;
  }
  const useless = onlyForTls.find((name) => isGiven(name) && !config.tlsListenAddr);
  if (useless) return `${source(useless)} does nothing without --tls-listen-addr`;
  if (config.listenAddr || config.tlsListenAddr || config.unixSocket) return null;
  return `${source("listen-addr")}: without it give --tls-listen-addr or --unix-socket`;
}

/** Throws a phrase. */
export function checkUnixPath(path: string): void {
  if (Buffer.byteLength(path) > UNIX_PATH_BYTES_MAX) {
    throw new Error(`is longer than ${UNIX_PATH_BYTES_MAX} bytes`);
  }
}

/** Throws a phrase. */
export function checkMode(text: string): void {
  if (!/^0?[0-7]{3}$/.test(text)) throw new Error("is not a mode of three octal digits, as 770");
}
