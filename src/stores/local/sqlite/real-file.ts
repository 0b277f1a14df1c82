// Where a path leads. SQLite follows symbolic links and puts its -wal beside the file itself, so
// okq has to know that place too.

import { lstatSync, readlinkSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

const linksMax = 40;

/** The path without links, absolute, also of a file or folder that is not there yet. */
export function realFile(path: string): string {
  let linksLeft = linksMax;
  return followed(resolve(path));

  function followed(absolute: string): string {
    const folder = dirname(absolute);
    if (folder === absolute) return absolute;
    const at = join(followed(folder), basename(absolute));
    if (!lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return at;
    if (linksLeft-- === 0) throw new Error(`${path}: its symbolic links lead nowhere`);
    return followed(resolve(dirname(at), readlinkSync(at)));
  }
}
