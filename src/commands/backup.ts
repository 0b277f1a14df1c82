// OKQ BACKUP: copies the database of a running server.
import { lstatSync, rmSync } from "node:fs";
import { isAbsolute } from "node:path";
import { OK, type Reply } from "../resp/reply.ts";
import type { Call, Command } from "./command.ts";
import { commandError } from "./errors.ts";

async function backup({ args, context: { store } }: Call): Promise<Reply> {
  const file = args[2]!.toString();
  if (!isAbsolute(file)) throw commandError("backupPath");
  if (!store.backup) throw commandError("backupElsewhere");
  if (!isEmptyFile(file)) throw commandError("backupFile");
  rmSync(file);
  await store.backup(file);
  return OK;
}

/**
 * The caller must have created the file: the server writes with its own rights, and any client on
 * this machine may send the command.
 */
function isEmptyFile(file: string): boolean {
  try {
    const found = lstatSync(file);
    return found.isFile() && found.size === 0;
  } catch {
    return false;
  }
}

export const backupCommands: Command[] = [
  {
    name: "OKQ BACKUP",
    inTransaction: "never",
    syntax: "file",
    summary:
      "Replaces an empty file by a consistent copy of the database while okq goes on serving; " +
      "OK once the copy is on disk. `okq backup` uses it.",
    group: "server",
    access: "admin",
    since: "0.1.0",
    flags: ["admin"],
    run: backup,
  },
];
