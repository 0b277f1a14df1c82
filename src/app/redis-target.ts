// Makes the RedisTarget of a Config: address, accounts, TLS. Reads files with secrets and
// certificates, and connects to nothing.
import type { Config, OptionName } from "../config/options.ts";
import { redisLocation } from "../config/redis-location.ts";
import { readSecretFile, secretOf } from "./secret-file.ts";
import { nameOfNode, type RedisTarget } from "../stores/redis/target.ts";
import { checkFile, checkPair } from "./tls-files.ts";

/** Null without a Redis. Throws a message of one line about a file that cannot be used. */
export function redisTarget(config: Config): RedisTarget | null {
  const location = redisLocation(config);
  if (location === null) return null;
  const { mode, nodes, path, db } = location;
  return {
    mode,
    nodes,
    path,
    group: location.group ?? config.redisSentinelGroup,
    db,
    username: location.username ?? (config.redisUser || null),
    password:
      location.password ??
      secretOf("redis-password-file", config.redisPasswordFile, config.redisPassword),
    sentinelUsername: config.redisSentinelUser || null,
    sentinelPassword: secretOf(
      "redis-sentinel-password-file",
      config.redisSentinelPasswordFile,
      config.redisSentinelPassword,
    ),
    tls: location.isTls ? tlsOf(config) : null,
    waitReplicas: config.redisWait,
    waitTimeoutMs: config.redisWaitTimeout,
    timeoutMs: config.redisTimeout,
  };
}

function tlsOf({ redisTlsCa, redisTlsCert, redisTlsKey }: Config): RedisTarget["tls"] {
  const cert = pemOf("redis-tls-cert", redisTlsCert);
  const key = pemOf("redis-tls-key", redisTlsKey);
  if (cert !== null && key !== null) {
    const name = `--redis-tls-key ${JSON.stringify(redisTlsKey)} with --redis-tls-cert`;
    checkFile(name, () => checkPair(cert, key));
  }
  return { ca: pemOf("redis-tls-ca", redisTlsCa), cert, key };
}

function pemOf(name: OptionName, file: string): string | null {
  if (file === "") return null;
  const text = readSecretFile(name, file);
  if (!text.includes("-----BEGIN ")) {
    throw new Error(`--${name}: ${JSON.stringify(file)} is not in PEM format`);
  }
  return text;
}

/** A URL for the log, without user and password: "redis+sentinel://a:1,b:2/group". */
export function targetName({ mode, nodes, path, group, db, tls }: RedisTarget): string {
  const scheme = tls ? "rediss" : "redis";
  if (path !== null) return `${scheme}+unix://${path}`;
  const hosts = nodes.map(nameOfNode).join(",");
  if (mode === "single") return `${scheme}://${hosts}/${db}`;
  if (mode === "cluster") return `${scheme}+cluster://${hosts}`;
  return `${scheme}+sentinel://${hosts}/${group}${db === 0 ? "" : `/${db}`}`;
}
