// Where tests put files that need no real disk.
import { existsSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";

const inMemory = "/dev/shm";
/** Thousands of files in memory take half the time of those on a disk. None needs a real one. */
export const fastFolder = hasRoom(inMemory, 2 ** 30) ? inMemory : tmpdir();

function hasRoom(folder: string, bytes: number): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > bytes;
}
