// `okq copy`: copies all queues of a store that no okq uses into a new store of the same or another
// kind. The target is complete and compared with the source before anybody can use it.
import { resolve } from "node:path";
import { type Config, sqliteFile } from "../../config/options.ts";
import { s3Location } from "../../config/s3-location.ts";
import { s3Url } from "../../config/s3-url.ts";
import type { CopySides } from "./copy-options.ts";
import type { CopySource, CopyTarget } from "./copy-store.ts";
import { countsLine } from "./counts-line.ts";
import { type ProgressLines, progressOnStderr } from "./progress-lines.ts";
import { openSqliteSource, SqliteTarget } from "./sqlite-sides.ts";

/** Returns the counts of the target as text. Rejects with a message of one line. */
export async function copy({ from, to }: CopySides): Promise<string> {
  const progress = progressOnStderr();
  const target = await targetOf(to, progress);
  try {
    await target.checkEmpty();
    const source = await sourceOf(from, progress);
    try {
      return countsLine(nameOf(to), await target.make(source, progress));
    } finally {
      await source.close();
    }
  } finally {
    target.close();
  }
}

function nameOf(config: Config): string {
  const location = s3Location(config);
  return location === null ? resolve(sqliteFile(config)!) : s3Url(location);
}

async function sourceOf(config: Config, progress: ProgressLines): Promise<CopySource> {
  const file = sqliteFile(config);
  if (file !== null) return openSqliteSource(file);
  const { openS3Source } = await import("./s3-sides.ts");
  return await openS3Source(config, progress);
}

async function targetOf(config: Config, progress: ProgressLines): Promise<CopyTarget> {
  const file = sqliteFile(config);
  if (file !== null) return new SqliteTarget(file);
  const { S3Target } = await import("./s3-sides.ts");
  return new S3Target(config, progress);
}
