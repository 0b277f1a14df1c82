// Copies a database that this process has opened into a new file. The file gets its name when it is
// complete, compared with the source, and on disk.

import type { Database } from "bun:sqlite";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { JournalError } from "../journal.ts";
import { makeDraft, publish, removeDraft, removeDrafts, syncFolder } from "./database-file.ts";
import { explained } from "./explained.ts";
import { compareTables, copyTables, type RowProgress } from "./whole-tables.ts";

export interface CopyOptions {
  onCopied: RowProgress;
  onCompared: RowProgress;
  /** Called before the file gets its name. There will be no file if it rejects. */
  confirm(): Promise<void>;
}

/** The name of the attached database, which is the copy. */
const SCHEMA = "copy";

/** Rejects with a JournalError, without a file. */
export async function copyIntoFile(
  db: Database,
  file: string,
  options: CopyOptions,
): Promise<void> {
  const isThere = () => new JournalError("failed", `${file} exists already: name a new file`);
  if (existsSync(file)) throw isThere();
  try {
    await withDraft(db, file, options, async (draft) => {
      await options.confirm();
      sync(draft);
      publish(draft, file);
      syncFolder(dirname(file));
    });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EEXIST" ? isThere() : explained(error, file);
  }
}

/**
 * Gives `use` a complete copy, which has a name beside that file until `use` has ended. Drafts that
 * killed processes left there are removed.
 */
export async function withDraft(
  db: Database,
  file: string,
  { onCopied, onCompared }: Pick<CopyOptions, "onCopied" | "onCompared">,
  use: (draft: string) => Promise<void>,
): Promise<void> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  removeDrafts(file);
  const draft = makeDraft(file);
  try {
    // It is used only when it is complete, and synced then.
    await attached(db, draft, async () => {
      db.run(`PRAGMA ${SCHEMA}.journal_mode = OFF`);
      db.run(`PRAGMA ${SCHEMA}.synchronous = OFF`);
      await copyTables(db, SCHEMA, onCopied);
    });
    // Attached anew, so that it is read from the file.
    await attached(db, draft, () => compareTables(db, SCHEMA, onCompared));
    await use(draft);
  } finally {
    removeDraft(draft);
  }
}

/** Rejects with a JournalError if that file has other rows than the database. */
export async function compareWithFile(
  db: Database,
  file: string,
  onCompared: RowProgress,
): Promise<void> {
  await attached(db, file, () => compareTables(db, SCHEMA, onCompared));
}

async function attached(db: Database, file: string, work: () => Promise<void>): Promise<void> {
  db.run(`ATTACH ? AS ${SCHEMA}`, [file]);
  try {
    await work();
  } finally {
    db.run(`DETACH ${SCHEMA}`);
  }
}

function sync(file: string): void {
  const descriptor = openSync(file, "r+");
  fsyncSync(descriptor);
  closeSync(descriptor);
}
