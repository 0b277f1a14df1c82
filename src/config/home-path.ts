// Expands ~ in paths. A shell does that only at the beginning of a word.
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Replaces "~/" by the home folder of okq's user. Throws a phrase such as "begins with ...". */
export function expandHome(path: string): string {
  if (!path.startsWith("~")) return path;
  if (!/^~(\/|$)/.test(path)) {
    throw new Error("begins with ~ and a name: write the whole path, or ./~name for a file");
  }
  const home = homedir();
  if (!isAbsolute(home)) throw new Error("begins with ~, but no home folder is known: set HOME");
  return join(home, path.slice(1));
}
