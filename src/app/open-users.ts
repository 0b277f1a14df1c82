// From the config to the directory of users that it asks for.
import type { Config } from "../config/options.ts";
import type { LogLimit } from "../log/log-limit.ts";
import { readText } from "./read-text.ts";
import { passwordOf } from "./secret-file.ts";
import { Directory } from "../users/directory.ts";
import { parseUsers } from "../users/users-file.ts";

/** Throws one line for a person if a file cannot be used. */
export function openUsers(config: Config, { warn }: LogLimit): Directory {
  const directory = new Directory({
    password: passwordOf(config),
    hasFile: config.users !== "",
    warn,
  });
  if (config.users) loadUsers(directory, config.users);
  return directory;
}

/** Returns how many there are; a file that cannot be used changes nothing. */
export function loadUsers(directory: Directory, file: string): number {
  const users = parseUsers(readText("users", file), file);
  try {
    directory.replace(users);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
  return users.length;
}
