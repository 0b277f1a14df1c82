// A text file that an option names.
import { readFileSync } from "node:fs";
import type { OptionName } from "../config/options.ts";

/** Throws one line that names option and file and says what is in the way. */
export function readText(option: OptionName, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ERR_ENCODING_INVALID_ENCODED_DATA" ? "it is not UTF-8" : message;
    const place = `--${option}: cannot read ${JSON.stringify(file)}`;
    throw new Error(`${place} (${reason.split(",")[0]})`, { cause: error });
  }
}
