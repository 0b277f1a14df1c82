// Removes the file of a unix socket that a killed process left.
import { lstatSync, rmSync } from "node:fs";

/** Rejects if a process listens there, or if the file is not a socket. */
export async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw new Error("something else than a socket is there");
  try {
    const socket = await Bun.connect({ unix: path, socket: { data() {} } });
    socket.end();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED") rmSync(path, { force: true });
    else if (code !== "ENOENT") throw error;
    return;
  }
  throw new Error("another process listens there");
}
