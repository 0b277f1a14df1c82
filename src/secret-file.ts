// A secret that is kept in a file, so that neither command lines nor environments show it.
import { readFileSync, statSync } from "node:fs";
import type { Config } from "./config.ts";

type Warn = (message: string, fields: Record<string, unknown>) => void;

const OTHERS_MAY_READ = 0o044;

/**
 * What is in the file, without the end of its last line. Throws one line that names the option.
 * Others who may read it are worth a warning.
 */
export function readSecret(file: string, option: string, warn: Warn): string {
  let text: string;
  try {
    if (statSync(file).mode & OTHERS_MAY_READ) {
      warn("others may read this file of a secret: chmod 600", { file });
    }
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ERR_ENCODING_INVALID_ENCODED_DATA" ? "it is not UTF-8" : message;
    throw new Error(`${option}: cannot read ${JSON.stringify(file)} (${reason.split(",")[0]})`, {
      cause: error,
    });
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret === "") throw new Error(`${option}: ${JSON.stringify(file)} is empty`);
  return secret;
}

/** Of the user "default"; null when there is none. */
export function passwordOf(config: Config, warn: Warn): string | null {
  if (config.passwordFile) return readSecret(config.passwordFile, "--password-file", warn);
  return config.password || null;
}
