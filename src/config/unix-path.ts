// Checks the path and the mode of a unix socket.
import { expandHome } from "./home-path.ts";

/** Of the system. */
const UNIX_PATH_BYTES_MAX = 107;

/** Throws a phrase. */
export function checkUnixPath(text: string): string {
  const path = expandHome(text);
  if (Buffer.byteLength(path) > UNIX_PATH_BYTES_MAX) {
    throw new Error(`is longer than ${UNIX_PATH_BYTES_MAX} bytes`);
  }
  return path;
}

/** Throws a phrase. */
export function checkMode(text: string): void {
  if (!/^0?[0-7]{3}$/.test(text)) throw new Error("is not a mode of three octal digits, as 770");
}
