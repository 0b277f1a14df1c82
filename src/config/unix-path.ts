// Checks the path and the mode of a unix socket.
import { expandHome } from "./home-path.ts";

/** The limit of the operating system. */
const UNIX_PATH_BYTES_MAX = 107;

/** Returns the path with ~ expanded. Throws a phrase such as "is longer than ...". */
export function checkUnixPath(text: string): string {
  const path = expandHome(text);
  if (Buffer.byteLength(path) > UNIX_PATH_BYTES_MAX) {
    throw new Error(`is longer than ${UNIX_PATH_BYTES_MAX} bytes`);
  }
  return path;
}

/** Throws a phrase such as "is not ...". */
export function checkMode(text: string): void {
  if (!/^0?[0-7]{3}$/.test(text)) throw new Error("is not three octal digits such as 770");
}
