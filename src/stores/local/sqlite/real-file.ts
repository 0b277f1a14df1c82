// The file that a path leads to. SQLite follows symbolic links and puts its -wal beside the file
// itself, so okq has to know that place too.

import { lstatSync, readlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { explained } from "./explained.ts";

const linksMax = 40;

/**
 * The path without links, absolute, also of a file or folder that is not there yet. Throws a
 * JournalError.
 */
export function realFile(path: string): string {
  let linksLeft = linksMax;
  try {
    return followed(resolve(path));
  } catch (error) {
    throw explained(error, path);
  }

  function followed(absolute: string): string {
    const folder = dirname(absolute);
    if (folder === absolute) return absolute;
    const at = join(followed(folder), basename(absolute));
    if (!lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return at;
    if (linksLeft-- === 0) throw new Error("its symbolic links lead in a circle");
    return followed(resolve(dirname(at), readlinkSync(at)));
  }
}
