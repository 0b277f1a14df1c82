// A file that holds one secret, such as a password, so that neither command lines nor environments
// show it. What it holds never gets into an error.
import { statSync } from "node:fs";
import type { Config, OptionName } from "../config/options.ts";
import { readText } from "./read-text.ts";

/** The secret without the line end behind it. Throws a line that names option and file. */
export function readSecretFile(option: OptionName, file: string): string {
  const secret = readText(option, file).replace(/\r?\n$/, "");
  if (secret === "") throw new Error(`--${option}: ${JSON.stringify(file)} is empty`);
  return secret;
}

/** What is in the file that the option names, or else the value itself; null for neither. */
export function secretOf(option: OptionName, file: string, value: string): string | null {
  return file ? readSecretFile(option, file) : value || null;
}

/** The password of the user "default"; null when there is none. Throws a line for a person. */
export function passwordOf({ password, passwordFile }: Config): string | null {
  return secretOf("password-file", passwordFile, password);
}

/** Those of the files with secrets that every user of this machine may read. */
export function readableByAll(config: Config): string[] {
  const { passwordFile, redisPasswordFile, redisSentinelPasswordFile, redisTlsKey, tlsKey } =
    config;
  const files = [passwordFile, redisPasswordFile, redisSentinelPasswordFile, redisTlsKey, tlsKey];
  const modeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  return files.filter((file) => file !== "" && (modeOf(file) & 0o004) !== 0);
}
