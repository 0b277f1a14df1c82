// A secret that is kept in a file, so that neither command lines nor environments show it.
import { statSync } from "node:fs";
import type { Config } from "./config.ts";
import { readText } from "./read-text.ts";

type Warn = (message: string, fields: Record<string, unknown>) => void;

const OTHERS_MAY_READ = 0o044;

/**
 * What is in the file, without the end of its last line. Throws one line that names the option.
 * Others who may read it are worth a warning.
 */
export function readSecret(file: string, option: string, warn: Warn): string {
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(`${option}: cannot read ${JSON.stringify(file)} (${reason})`, { cause: error });
  }
  if (statSync(file).mode & OTHERS_MAY_READ) {
    warn("others may read this file of a secret: chmod 600", { file });
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
