// A temporary folder for a test.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closeAfterTest } from "./close-after-test.ts";

/** A new empty folder, removed when the test ends. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "okq-test-"));
  closeAfterTest({ close: () => rmSync(folder, { recursive: true }) });
  return folder;
}
