// Opens the directory of users that a Config names, and reads their file again when it changes.
import type { Context } from "../commands/context.ts";
import { applyUsers } from "../commands/login.ts";
import type { Config } from "../config/options.ts";
import type { Log } from "../log/log.ts";
import type { LogLimit } from "../log/log-limit.ts";
import type { Clock } from "../queue/clock.ts";
import { Directory } from "../users/directory.ts";
import { parseUsers } from "../users/users-file.ts";
import type { FileReloader } from "./file-reloader.ts";
import { readText } from "./read-text.ts";
import { passwordOf } from "./secret-file.ts";

/** Throws a message of one line if a file cannot be used. */
export function openUsers(config: Config, { warn }: LogLimit, clock: Clock): Directory {
  const hasFile = config.users !== "";
  const directory = new Directory({
    password: passwordOf(config),
    hasFile,
    clock,
    warn,
  });
  if (hasFile) loadUsers(directory, config.users);
  return directory;
}

/**
 * Loads the file when it changes. Changed rights hold at once; clients of users who are gone or
 * have another password are closed.
 */
export function reloadUsers(file: string, context: Context, reloader: FileReloader, log: Log) {
  reloader.add("the users", [file], () => {
    const count = loadUsers(context.users, file);
    log.info("users loaded", { users: count, closed: applyUsers(context) });
  });
}

/** Returns the number of users. If it throws, the directory is unchanged. */
function loadUsers(directory: Directory, file: string): number {
  const users = parseUsers(readText("users", file), file);
  try {
    directory.replace(users);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
  return users.length;
}
