// Paths that begin with ~, which only a shell would expand, and only where a word begins with it.
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** "~/x" as a path in the home folder of okq's user; other paths as they are. Throws a phrase. */
export function expandHome(path: string): string {
  if (!path.startsWith("~")) return path;
  if (!/^~(\/|$)/.test(path)) {
    throw new Error("begins with ~ and a name: write the whole path, or ./~ for a file named so");
  }
  const home = homedir();
  if (!isAbsolute(home)) throw new Error("begins with ~, but no home folder is known: set HOME");
  return join(home, path.slice(1));
}
