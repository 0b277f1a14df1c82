// OKQ BACKUP: a copy of the database of a running server.
import { isAbsolute } from "node:path";
import { OK, type Reply } from "../resp/reply.ts";
import { type Call, type Command, CommandError } from "./command.ts";

async function backup({ args, context: { store } }: Call): Promise<Reply> {
  const file = args[2]!.toString();
  if (!isAbsolute(file)) throw new CommandError("ERR the file's path must be absolute");
  if (!store.backup) throw new CommandError("ERR Redis keeps the queues: make the backup there");
  await store.backup(file);
  return OK;
}

export const backupCommands: Command[] = [
  {
    name: "OKQ BACKUP",
    syntax: "file",
    summary:
      "Writes a consistent copy of the database into a new file on the server, while it serves; " +
      "OK once the copy is on disk.",
    group: "server",
    since: "0.1.0",
    flags: ["admin"],
    run: backup,
  },
];
