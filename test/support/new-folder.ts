// A temporary folder for a test.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { closeAfterTest } from "./close-after-test.ts";
import { fastFolder } from "./fast-folder.ts";

/** A new empty folder, removed when the test ends. Programs need one in tmpdir(). */
export function newFolder(parent = fastFolder): string {
  const folder = mkdtempSync(join(parent, "okq-test-"));
  closeAfterTest({ close: () => rmSync(folder, { recursive: true }) });
  return folder;
}
