// Where the scratch file of an okq on a bucket is.
import { tmpdir } from "node:os";
import type { Config } from "../config/options.ts";

export function scratchFolderOf({ s3Scratch }: Config): string {
  return s3Scratch || tmpdir();
}
