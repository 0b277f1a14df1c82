// Files that hold one secret, such as a password, so that neither command lines nor environments
// show it. No error shows the secret.
import { statSync } from "node:fs";
import type { Config, OptionName } from "../config/options.ts";
import type { Log } from "../log/log.ts";
import { readText } from "./read-text.ts";

/** The secret without the line end behind it. Throws a message that names option and file. */
export function readSecretFile(option: OptionName, file: string): string {
  const secret = readText(option, file).replace(/\r?\n$/, "");
  if (secret === "") throw new Error(`--${option}: ${JSON.stringify(file)} is empty`);
  return secret;
}

/** The secret in the file if there is one, else the value; null if neither is given. */
export function secretOf(option: OptionName, file: string, value: string): string | null {
  return file ? readSecretFile(option, file) : value || null;
}

/** The password of the user "default"; null if there is none. Throws as readSecretFile does. */
export function passwordOf({ password, passwordFile }: Config): string | null {
  return secretOf("password-file", passwordFile, password);
}

const SECRET_FILES = [
  "passwordFile",
  "redisPasswordFile",
  "redisSentinelPasswordFile",
  "redisTlsKey",
  "tlsKey",
  "s3SecretAccessKeyFile",
  "s3CredentialsFile",
] as const;

export function warnOfReadableSecrets(config: Config, log: Log): void {
  for (const option of SECRET_FILES) {
    const file = config[option];
    if (file !== "" && isReadableByAll(file)) {
      log.warn("every user of this machine can read a secret", { file });
    }
  }
}

function isReadableByAll(file: string): boolean {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & 0o004) !== 0;
}
