// A file that holds one secret, such as a password, so that neither command lines nor environments
// show it. What it holds never gets into an error.
import { statSync } from "node:fs";
import type { Config } from "./config.ts";
import { readText } from "./read-text.ts";

/** The secret without the line end behind it. Throws a line that names the file. */
export function readSecretFile(file: string): string {
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(`cannot read ${JSON.stringify(file)} (${reason})`, { cause: error });
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new Error(`${JSON.stringify(file)} is empty`);
  return secret;
}

/** The password of the user "default"; null when there is none. Throws a line for a person. */
export function passwordOf({ password, passwordFile }: Config): string | null {
  if (!passwordFile) return password || null;
  try {
    return readSecretFile(passwordFile);
  } catch (error) {
    throw new Error(`--password-file: ${(error as Error).message}`, { cause: error });
  }
}

/** Those of the files with secrets that every user of this machine may read. */
export function readableByAll(config: Config): string[] {
  const { passwordFile, redisPasswordFile, redisSentinelPasswordFile, redisTlsKey, tlsKey } =
    config;
  const files = [passwordFile, redisPasswordFile, redisSentinelPasswordFile, redisTlsKey, tlsKey];
  return files.filter((file) => file !== "" && (statSync(file).mode & 0o004) !== 0);
}
