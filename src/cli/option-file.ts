// Files that options of the client name.
import { readFileSync } from "node:fs";
import { expandHome } from "../config/home-path.ts";
import { UsageError } from "../config/usage-error.ts";

/** Throws a UsageError that names the option. */
export function readOptionFile(option: string, file: string): Buffer {
  try {
    return readFileSync(expandHome(file));
  } catch (error) {
    const reason = (error as Error).message.split(",")[0];
    throw new UsageError(`--${option}: cannot read ${JSON.stringify(file)} (${reason})`);
  }
}

/** The password in the file of --password-file, without the line end. */
export function passwordIn(file: string): string {
  return readOptionFile("password-file", file)
    .toString()
    .replace(/\r?\n$/, "");
}
