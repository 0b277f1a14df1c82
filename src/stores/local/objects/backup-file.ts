// Copies a scratch database, whose checkpoints are held, into a new file.

import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import {
  draftName,
  publish,
  removeDraft,
  removeDrafts,
  syncFolder,
} from "../sqlite/database-file.ts";
import type { Hold } from "./held-checkpoints.ts";
import type { Scratch } from "./scratch.ts";

const copiedAtOnce = 1024 * 1024;

/** The file is there when it is complete and durable. Rejects, without a file, if that fails. */
export async function copyInto(scratch: Scratch, hold: Hold, file: string): Promise<void> {
  removeDrafts(file);
  const draft = draftName(file);
  const handle = await open(draft, "wx", 0o600);
  try {
    await copyBytes(scratch, hold, handle).finally(() => handle.close());
    publish(draft, file);
    syncFolder(dirname(file));
  } catch (error) {
    removeDraft(draft);
    throw error;
  }
}

async function copyBytes(scratch: Scratch, hold: Hold, handle: FileHandle): Promise<void> {
  for (let at = 0, count = scratch.bytes; at < count; at += copiedAtOnce) {
    const bytes = await scratch.read(at, Math.min(copiedAtOnce, count - at));
    if (!hold.lasts()) throw new Error("the scratch database has no room for a backup");
    await handle.writeFile(bytes);
  }
  await handle.sync();
}
