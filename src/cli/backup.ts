// `okq backup` and `okq check`. A database belongs to one process: a running server makes its own
// backup, and the backup of a stopped one is made here.
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { type Config, sqliteFile } from "../config/options.ts";
import { redisLocation } from "../config/redis-location.ts";
import { backupBucket, checkBucket } from "./copy/bucket-tools.ts";
import { countsLine } from "./copy/counts-line.ts";
import { progressOnStderr } from "./copy/progress-lines.ts";
import { openSqliteSource, SqliteTarget } from "./copy/sqlite-sides.ts";
import { s3Location } from "../config/s3-location.ts";
import { connectToServer } from "./running-server.ts";
import { checkDatabase, type DatabaseCounts } from "../stores/local/sqlite/check-database.ts";
import { realFile } from "../stores/local/sqlite/real-file.ts";

/** Verifies the store and returns its counts as text. Rejects with a message of one line. */
export async function check(config: Config): Promise<string> {
  if (s3Location(config) !== null) return await checkBucket(config);
  const file = databaseOf(config);
  return countsLine(file, checkDatabase(file));
}

/**
 * Copies the database into a new file, verifies the copy and returns its counts as text. Rejects
 * with a message of one line, also if the file exists.
 */
export async function backup(config: Config, file: string): Promise<string> {
  const copy = realFile(file);
  makeEmpty(copy);
  try {
    if (s3Location(config) !== null) {
      rmSync(copy);
      return countsLine(copy, await backupBucket(config, copy));
    }
    if (await backupByServer(config, copy)) return countsLine(copy, checkDatabase(copy));
    rmSync(copy);
    return countsLine(copy, await backupStopped(databaseOf(config), copy));
  } catch (error) {
    if (statSync(copy, { throwIfNoEntry: false })?.size === 0) rmSync(copy);
    throw error;
  }
}

/**
 * The empty file shows the server that the caller may write there. An empty file that exists is no
 * error, since a killed backup leaves one.
 */
function makeEmpty(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found && !(found.isFile() && found.size === 0)) {
    throw new Error(`${file} exists already: give the name of a new file`);
  }
  closeSync(openSync(file, "a", 0o600));
}

function databaseOf(config: Config): string {
  const file = sqliteFile(config);
  if (file !== null) return resolve(file);
  if (redisLocation(config) !== null) {
    throw new Error(
      "the queues are in Redis: okq health tells whether okq can write there, and the tools of " +
        "Redis check and copy its files",
    );
  }
  throw new Error("only a SQLite database can be copied and checked: give --store sqlite:FILE");
}

/** False if no server listens. */
async function backupByServer(config: Config, copy: string): Promise<boolean> {
  const server = await connectToServer(config);
  if (!server) return false;
  try {
    await server.call("OKQ", "BACKUP", copy);
    return true;
  } finally {
    server.disconnect();
  }
}

async function backupStopped(file: string, copy: string): Promise<DatabaseCounts> {
  const source = openSqliteSource(file);
  try {
    return await new SqliteTarget(copy).make(source, progressOnStderr());
  } finally {
    await source.close();
  }
}
