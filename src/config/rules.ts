// Rules for several options together: which contradict each other, and which need another one.
import type { OptionName } from "./options.ts";
import { redisMistake } from "./redis-rules.ts";
import { s3Mistake } from "./s3-rules.ts";
import { contradiction, lacks, type SourcedConfig } from "./sourced-config.ts";

/** Options that protect the server: an empty value is refused, it would switch protection off. */
const guards: OptionName[] = ["password", "password-file", "users", "tls-client-ca"];
const tlsOnly: OptionName[] = ["tls-cert", "tls-key", "tls-client-ca"];

/** The first mistake as a text of one line, or null. */
export function configMistake(sourced: SourcedConfig): string | null {
  const { config, isSet, isFlag, sourceOf } = sourced;
  const empty = guards.find((name) => isFlag(name) && !isSet(name));
  if (empty) return `--${empty}: the value is empty`;
  if (isSet("password") && isSet("password-file")) {
    return contradiction(sourced, "password", "password-file");
  }
  const isHttpAsked = config.isHttpAddrGiven && config.httpAddr !== "";
  if (config.tlsListenAddr && !(config.tlsCert && config.tlsKey)) {
    return lacks(sourced, "tls-listen-addr", "--tls-cert and --tls-key");
  }
  const unused = tlsOnly.find((name) => isSet(name) && !config.tlsListenAddr && !isHttpAsked);
  if (unused) return lacks(sourced, unused, "--tls-listen-addr or --http-addr");
  const incomplete = tlsOnly.find((name) => isSet(name) && !(config.tlsCert && config.tlsKey));
  if (incomplete) return lacks(sourced, incomplete, "--tls-cert and --tls-key");
  if (!config.listenAddr && !config.tlsListenAddr && !config.unixSocket) {
    const source = sourceOf("listen-addr");
    return `${source}: is empty, so --tls-listen-addr or --unix-socket is needed`;
  }
  if (isSet("unix-socket-mode") && !config.unixSocket) {
    return lacks(sourced, "unix-socket-mode", "--unix-socket");
  }
  return redisMistake(sourced) ?? s3Mistake(sourced);
}
