// A text file that a person named on the command line.
import { readFileSync } from "node:fs";

/** Throws a phrase that says what is in the way, without the name of the file. */
export function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new Error((error as Error).message.split(",")[0], { cause: error });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new Error("it is not UTF-8", { cause: error });
  }
}
