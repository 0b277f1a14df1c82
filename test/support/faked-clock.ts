// The wall clock of a child process, set by Debian's libfaketime while it runs. Its monotonic clock
// stays as it is.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OkqProcess, startProcess } from "./process.ts";

const LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const STARTS_MAX = 5;
const OFF_MS_MAX = 10_000;

export const canFakeClocks = existsSync(LIBRARY);
/** The end of the title of a test that may be skipped. */
export const noFakedClocks = canFakeClocks ? "" : " (skipped: needs Debian's faketime)";

export class FakedClock {
  readonly #folder = mkdtempSync(join(tmpdir(), "okq-clock-"));
  readonly #offset = join(this.#folder, "offset");
  #aheadMs = 0;

  constructor() {
    this.set(0);
  }

  set(aheadMs: number): void {
    this.#aheadMs = aheadMs;
    writeFileSync(this.#offset, `${aheadMs < 0 ? "" : "+"}${aheadMs / 1000}\n`);
  }

  /** Starts an okq that has this clock. Resolves with it and its port once it listens. */
  async start(
    args: string[],
    env: Record<string, string> = {},
  ): Promise<{ okq: OkqProcess; port: number }> {
    const faked = {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: this.#offset,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
    // The library sometimes shows the true time to a thread. Such a start does not count.
    for (let attempt = 1; ; attempt++) {
      const okq = startProcess(args, { env: { ...env, ...faked } });
      const [, port] = await okq.waitForLine(/listening .*port=(\d+)/);
      const shownMs = Date.parse(/^\S+(?= info  listening)/m.exec(okq.stderr())![0]);
      if (Math.abs(shownMs - Date.now() - this.#aheadMs) < OFF_MS_MAX) {
        return { okq, port: Number(port) };
      }
      if (attempt === STARTS_MAX) throw new Error("the library does not set the clock");
      okq.kill("SIGKILL");
      await okq.exited;
    }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
