// A small file system that a test can fill and make read-only: a tmpfs. Mounting it needs root;
// without root the tests are skipped with this reason.
import { onTestFinished } from "bun:test";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SmallDisk {
  folder: string;
  /** Fills the disk except for that many bytes. */
  fill(leftBytes: number): void;
  /** Frees the space that fill() used. */
  empty(): void;
  setReadOnly(isReadOnly: boolean): void;
}

const run = (...command: string[]) => Bun.spawnSync(command).exitCode === 0;

function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), "okq-mount-"));
  const mounted = run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder);
  if (mounted) run("umount", folder);
  rmSync(folder, { recursive: true });
  return mounted;
}

/** The reason why this machine cannot mount small disks; null if it can. */
export const noSmallDisk = canMount() ? null : "skipped: a tmpfs cannot be mounted here";

/** Unmounted when the test ends. `files` limits the number of files; 0 means no limit. */
export function mountSmallDisk(bytes: number, files = 0): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), "okq-disk-"));
  const mount = (options: string) => run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);
  // The folder itself counts as a file.
  const inodes = files > 0 ? files + 1 : 0;
  if (!mount(`size=${bytes},nr_inodes=${inodes}`)) throw new Error(`cannot mount ${folder}`);
  onTestFinished(() => {
    run("umount", "-l", folder);
    rmSync(folder, { recursive: true, force: true });
  });
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill(leftBytes) {
      const { bavail, bsize } = statfsSync(folder);
      try {
        writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
      } catch (error) {
        // Another process used space meanwhile, which is fine for a full disk.
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        if (leftBytes > 0) this.fill(leftBytes);
      }
    },
    empty: () => rmSync(ballast, { force: true }),
    setReadOnly(isReadOnly) {
      const options = isReadOnly ? "remount,ro" : "remount,rw";
      if (!mount(`${options},size=${bytes}`)) throw new Error(`cannot remount ${folder}`);
    },
  };
}
