// The processes of `okq work` in a fault test, and the file in which its commands say what they
// did.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder } from "../support/new-folder.ts";

/** Commands append lines to it, and have its name in their arguments. */
export class Ledger {
  readonly file = join(newFolder(), "ledger");

  lines(): string[] {
    if (!existsSync(this.file)) return [];
    return readFileSync(this.file, "utf8").split("\n").filter(Boolean);
  }

  /** The commands that run, of all workers: the leaders of their groups. */
  commands(): number[] {
    return processes().filter(
      (pid) => argumentsOf(pid)?.startsWith("sh\0-c\0") && argumentsOf(pid)!.includes(this.file),
    );
  }
}

function processes(): number[] {
  return readdirSync("/proc").map(Number).filter(Boolean);
}

/** With zero bytes between them; null if the process has ended. */
function argumentsOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return null;
  }
}
