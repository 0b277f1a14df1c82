// A file that holds one secret, such as a password. What it holds never gets into an error.
import { readFileSync, statSync } from "node:fs";

/** The secret without the line end behind it. Throws a line that names the file. */
export function readSecretFile(file: string): string {
  const secret = read(file).replace(/\r?\n$/, "");
  if (secret === "") throw new Error(`${JSON.stringify(file)} is empty`);
  return secret;
}

/** Whether every user of this machine may read it. */
export function isReadableByAll(file: string): boolean {
  return (statSync(file).mode & 0o004) !== 0;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = (error as Error).message.split(",")[0];
    throw new Error(`cannot read ${JSON.stringify(file)} (${reason})`, { cause: error });
  }
}
