// What people may not ask of Redis at once, such as Sentinel and Cluster: a complaint that names
// both options where they were set. It reads no file, and no value gets into a complaint.
import { type Asked, contradiction, lacks } from "./asked.ts";
import type { OptionName } from "./options.ts";
import { redisPlace } from "./redis-place.ts";
import type { RedisUrl } from "./redis-url.ts";

const PLACES: OptionName[] = ["store", "redis-addr", "redis-sentinel-addr"];
const SENTINEL_ONLY: OptionName[] = [
  "redis-sentinel-group",
  "redis-sentinel-user",
  "redis-sentinel-password",
  "redis-sentinel-password-file",
];
/** What nobody sets without meaning it, and a local store would not give. */
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

/** One line for a person, or null. */
export function redisContradiction(asked: Asked): string | null {
  const [place, other] = PLACES.filter(asked.isSet);
  if (other) return contradiction(asked, place!, other);
  const found = redisPlace(asked.config);
  if (found === null) return withoutRedis(asked, place);
  return (
    ofPlace(asked, place!, found) ?? ofAccounts(asked, place!, found) ?? ofTls(asked, found.isTls)
  );
}

function withoutRedis(asked: Asked, place: OptionName | undefined): string | null {
  const lost = REDIS_ONLY.find(asked.isSet);
  if (lost === undefined) return null;
  if (place) return contradiction(asked, place, lost, "that store is not on Redis");
  const address = SENTINEL_ONLY.includes(lost) ? "--redis-sentinel-addr" : "--redis-addr";
  return lacks(asked, lost, `${address} or a --store on Redis`);
}

function ofPlace(asked: Asked, place: OptionName, found: RedisUrl): string | null {
  const { config, isSet, sourceOf } = asked;
  if (found.mode === "sentinel") {
    if (isSet("redis-cluster")) return contradiction(asked, place, "redis-cluster");
    const isTwice = found.group !== null && isSet("redis-sentinel-group");
    return isTwice ? contradiction(asked, place, "redis-sentinel-group") : null;
  }
  const lost = SENTINEL_ONLY.find(isSet);
  if (lost) return lacks(asked, lost, "--redis-sentinel-addr or redis+sentinel:// in --store");
  if (found.mode === "cluster") {
    if (found.path !== null)
      return contradiction(asked, place, "redis-cluster", "a socket is no cluster");
    if (found.db === 0) return null;
    return contradiction(asked, place, "redis-cluster", "a cluster has database 0 only");
  }
  if (config.redisAddr.includes(",")) {
    return `${sourceOf("redis-addr")} names several servers, which needs --redis-cluster`;
  }
  return null;
}

function ofAccounts(asked: Asked, place: OptionName, found: RedisUrl): string | null {
  const { isSet, sourceOf } = asked;
  for (const [password, file] of [PASSWORDS, SENTINEL_PASSWORDS]) {
    if (isSet(password!) && isSet(file!)) return contradiction(asked, password!, file!);
  }
  const password = PASSWORDS.find(isSet);
  if (found.password !== null && password) return contradiction(asked, place, password);
  if (found.username !== null && isSet("redis-user"))
    return contradiction(asked, place, "redis-user");
  if (found.password === null && !password) {
    if (found.username !== null) return `${sourceOf(place)} names a user without a password`;
    if (isSet("redis-user")) return lacks(asked, "redis-user", orOf(PASSWORDS));
  }
  const isLacking = isSet("redis-sentinel-user") && !SENTINEL_PASSWORDS.some(isSet);
  return isLacking ? lacks(asked, "redis-sentinel-user", orOf(SENTINEL_PASSWORDS)) : null;
}

function ofTls(asked: Asked, isTls: boolean): string | null {
  const { config, isSet } = asked;
  const file = (["redis-tls-ca", "redis-tls-cert", "redis-tls-key"] as const).find(isSet);
  if (!isTls) return file ? lacks(asked, file, "--redis-tls") : null;
  const path = redisPlace(config)!.path;
  if (path !== null) return contradiction(asked, "redis-addr", "redis-tls", "a socket has no TLS");
  if (isSet("redis-tls-cert") === isSet("redis-tls-key")) return null;
  const [one, missing] = isSet("redis-tls-cert") ? ["cert", "key"] : ["key", "cert"];
  return lacks(asked, `redis-tls-${one}` as OptionName, `--redis-tls-${missing}`);
}

function orOf(names: OptionName[]): string {
  return names.map((name) => `--${name}`).join(" or ");
}
