// Reads a text file that an option names.
import { readFileSync } from "node:fs";
import type { OptionName } from "../config/options.ts";

/** Throws a message of one line with the option, the file and the reason. */
export function readText(option: OptionName, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ERR_ENCODING_INVALID_ENCODED_DATA" ? "it is not UTF-8" : message;
    const subject = `--${option}: cannot read ${JSON.stringify(file)}`;
    throw new Error(`${subject} (${reason.split(",")[0]})`, { cause: error });
  }
}
