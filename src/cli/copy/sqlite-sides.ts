// Reads a SQLite file that no okq uses, and makes a new one.
import { existsSync } from "node:fs";
import {
  checkDatabase,
  checkOpened,
  type DatabaseCounts,
} from "../../stores/local/sqlite/check-database.ts";
import { openExisting } from "../../stores/local/sqlite/database-file.ts";
import { damagedText, explained } from "../../stores/local/sqlite/explained.ts";
import { copyIntoFile } from "../../stores/local/sqlite/file-copy.ts";
import { realFile } from "../../stores/local/sqlite/real-file.ts";
import type { CopySource, CopyTarget } from "./copy-store.ts";
import type { ProgressLines } from "./progress-lines.ts";

/** Throws a message of one line. The file is locked until it is closed. */
export function openSqliteSource(path: string): CopySource {
  const file = realFile(path);
  if (!existsSync(file)) throw new Error(`${file} is not there`);
  const db = openExisting(file);
  const close = async () => db.close();
  try {
    checkOpened(db, (problem) => damagedText(file, problem));
    return { db, confirm: async () => {}, close };
  } catch (error) {
    db.close();
    throw explained(error, file);
  }
}

export class SqliteTarget implements CopyTarget {
  readonly #file: string;

  constructor(path: string) {
    this.#file = realFile(path);
  }

  async checkEmpty(): Promise<void> {
    const found = ["", "-wal"].map((end) => this.#file + end).find((name) => existsSync(name));
    if (found) throw new Error(`${found} exists already: give the name of a new file`);
  }

  async make({ db, confirm }: CopySource, progress: ProgressLines): Promise<DatabaseCounts> {
    await copyIntoFile(db, this.#file, { ...rowProgress(progress), confirm });
    return checkDatabase(this.#file);
  }

  close(): void {}
}

export function rowProgress(progress: ProgressLines) {
  return {
    onCopied: (done: number, all: number) => progress.tell("copying", done, all, "events"),
    onCompared: (done: number, all: number) => progress.tell("comparing", done, all, "events"),
  };
}
