// Rules for the options of Redis together, for example Sentinel and Cluster exclude each other.
import type { OptionName } from "./options.ts";
import { redisLocation } from "./redis-location.ts";
import type { RedisLocation } from "./redis-url.ts";
import { contradiction, lacks, type SourcedConfig } from "./sourced-config.ts";

const ADDRESSES: OptionName[] = ["store", "redis-addr", "redis-sentinel-addr"];
const SENTINEL_ONLY: OptionName[] = [
  "redis-sentinel-group",
  "redis-sentinel-user",
  "redis-sentinel-password",
  "redis-sentinel-password-file",
];
/** A local store has no use for these, so setting one without a Redis is a mistake. */
const REDIS_ONLY: OptionName[] = [
  "redis-cluster",
  "redis-user",
  "redis-password",
  "redis-password-file",
  "redis-tls",
  "redis-tls-ca",
  "redis-tls-cert",
  "redis-tls-key",
  "redis-wait",
  ...SENTINEL_ONLY,
];
const PASSWORDS: OptionName[] = ["redis-password", "redis-password-file"];
const SENTINEL_PASSWORDS: OptionName[] = [
  "redis-sentinel-password",
  "redis-sentinel-password-file",
];

/** The first mistake as a text of one line, or null. */
export function redisMistake(sourced: SourcedConfig): string | null {
  const [address, second] = ADDRESSES.filter(sourced.isSet);
  if (second) return contradiction(sourced, address!, second);
  const location = redisLocation(sourced.config);
  if (location === null) return withoutRedis(sourced, address);
  return (
    modeMistake(sourced, address!, location) ??
    accountMistake(sourced, address!, location) ??
    tlsMistake(sourced, address!, location)
  );
}

function withoutRedis(sourced: SourcedConfig, address: OptionName | undefined): string | null {
  const unused = REDIS_ONLY.find(sourced.isSet);
  if (unused === undefined) return null;
  if (address) return contradiction(sourced, address, unused, "that store is not Redis");
  const needed = SENTINEL_ONLY.includes(unused) ? "--redis-sentinel-addr" : "--redis-addr";
  return lacks(sourced, unused, `${needed} or the URL of a Redis as --store`);
}

function modeMistake(
  sourced: SourcedConfig,
  address: OptionName,
  location: RedisLocation,
): string | null {
  const { config, isSet, sourceOf } = sourced;
  if (location.mode === "sentinel") {
    if (isSet("redis-cluster")) return contradiction(sourced, address, "redis-cluster");
    const hasTwoGroups = location.group !== null && isSet("redis-sentinel-group");
    return hasTwoGroups ? contradiction(sourced, address, "redis-sentinel-group") : null;
  }
  const unused = SENTINEL_ONLY.find(isSet);
  if (unused)
    return lacks(sourced, unused, "--redis-sentinel-addr or redis+sentinel:// in --store");
  if (location.mode === "cluster") {
    if (location.path !== null)
      return contradiction(sourced, address, "redis-cluster", "a unix socket is not a cluster");
    if (location.db === 0) return null;
    return contradiction(sourced, address, "redis-cluster", "a cluster has only database 0");
  }
  if (config.redisAddr.includes(",")) {
    return `${sourceOf("redis-addr")} names several servers, which needs --redis-cluster`;
  }
  return null;
}

function accountMistake(
  sourced: SourcedConfig,
  address: OptionName,
  location: RedisLocation,
): string | null {
  const { isSet, sourceOf } = sourced;
  for (const [password, file] of [PASSWORDS, SENTINEL_PASSWORDS]) {
    if (isSet(password!) && isSet(file!)) return contradiction(sourced, password!, file!);
  }
  const password = PASSWORDS.find(isSet);
  if (location.password !== null && password) return contradiction(sourced, address, password);
  if (location.username !== null && isSet("redis-user"))
    return contradiction(sourced, address, "redis-user");
  if (location.password === null && !password) {
    if (location.username !== null) return `${sourceOf(address)} names a user without a password`;
    if (isSet("redis-user")) return lacks(sourced, "redis-user", orOf(PASSWORDS));
  }
  const lacksPassword = isSet("redis-sentinel-user") && !SENTINEL_PASSWORDS.some(isSet);
  return lacksPassword ? lacks(sourced, "redis-sentinel-user", orOf(SENTINEL_PASSWORDS)) : null;
}

function tlsMistake(
  sourced: SourcedConfig,
  address: OptionName,
  { path, isTls }: RedisLocation,
): string | null {
  const { isSet } = sourced;
  const file = (["redis-tls-ca", "redis-tls-cert", "redis-tls-key"] as const).find(isSet);
  if (!isTls) return file ? lacks(sourced, file, "--redis-tls") : null;
  if (path !== null)
    return contradiction(sourced, address, "redis-tls", "a unix socket has no TLS");
  if (isSet("redis-tls-cert") === isSet("redis-tls-key")) return null;
  const [one, missing] = isSet("redis-tls-cert") ? ["cert", "key"] : ["key", "cert"];
  return lacks(sourced, `redis-tls-${one}` as OptionName, `--redis-tls-${missing}`);
}

function orOf(names: OptionName[]): string {
  return names.map((name) => `--${name}`).join(" or ");
}
