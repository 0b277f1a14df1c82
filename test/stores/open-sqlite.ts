// Opens a local store on its own SQLite file and test clock. A test can close, kill and reopen the
// store while its sessions stay usable.

import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { StoreError } from "../../src/queue/errors.ts";
import type { Store } from "../../src/queue/store.ts";
import type { Journal } from "../../src/stores/local/journal.ts";
import { LocalStore } from "../../src/stores/local/local-store.ts";
import { SqliteJournal } from "../../src/stores/local/sqlite/sqlite-journal.ts";
import type { Fsync } from "../../src/stores/local/sqlite/wal-file.ts";
import { fastFolder } from "../support/fast-folder.ts";
import { TestClock } from "../support/test-clock.ts";
import type { StoreUnderTest } from "./contract.ts";
import { CurrentStore } from "./current-store.ts";
import { FailingJournal } from "./failing-journal.ts";
import { Heard } from "./heard.ts";
import { RefusingStore } from "./refusing-store.ts";

/** Small: to write 8 MiB at each opening would take most of the time of the tests. */
const [reserveBytes, walBytes] = [4096, 4096];
const startMs = 1_700_000_000_000;

export interface SqliteOptions {
  memoryBudgetBytes?: number;
  fsync?: Fsync;
  /** The time of the clock at the start. */
  nowMs?: number;
  /** An existing file, which is kept. The default is a new file in a new folder. */
  file?: string;
  /** Called with the journal of every opening, so that a test can make it fail. */
  onJournal?: (journal: FailingJournal) => void;
}

export interface SqliteUnderTest extends StoreUnderTest {
  file: string;
  /** Closes the store and opens it again. Consumers are gone, as after a restart. */
  reopen(): Promise<void>;
  /** Simulates a kill -9: opens a copy of the present files. */
  crash(): Promise<void>;
}

export async function openSqlite(options: SqliteOptions = {}): Promise<SqliteUnderTest> {
  const { memoryBudgetBytes = 2 ** 28, fsync = "no" } = options;
  const folder = options.file ? null : mkdtempSync(join(fastFolder, "okq-sqlite-"));
  const clock = new TestClock();
  clock.advance((options.nowMs ?? startMs) - clock.nowMs());
  let copies = 0;
  let file = options.file ?? join(folder as string, "okq.db");
  const heard = new Heard();
  const ready: [string, number][] = [];
  const open = () =>
    LocalStore.open({
      clock,
      onReady: (queue, count) => ready.push([queue.toString("latin1"), count]),
      observer: heard.observer,
      journal: journalOf({ ...options, file, fsync }),
      memoryBudgetBytes,
    });
  const current = new CurrentStore(await open());
  const refusing = new RefusingStore(current);
  const abandoned: Store[] = [];
  return {
    store: refusing,
    nowMs: () => clock.nowMs(),
    advance: (ms) => clock.advance(ms),
    ready,
    hear: async () => Object.assign(heard, { isOn: true }),
    setRefusing: (queue, isRefusing) => refusing.setRefusing(queue, isRefusing),
    get file() {
      return file;
    },
    async reopen() {
      await current.replace(async (store) => {
        await store.close();
        return open();
      });
    },
    async crash() {
      const killed = file;
      file = join(folder as string, `okq-${++copies}.db`);
      for (const end of ["", "-wal"]) {
        if (existsSync(killed + end)) copyFileSync(killed + end, file + end);
      }
      await current.replace(async (store) => {
        abandoned.push(store);
        return open();
      });
    },
    async close() {
      await current.close();
      for (const store of abandoned) await store.close();
      if (folder) rmSync(folder, { recursive: true });
    },
  };
}

function journalOf({
  file,
  fsync,
  onJournal,
}: Required<Pick<SqliteOptions, "file" | "fsync">> & SqliteOptions): Journal {
  const journal = new SqliteJournal({ file, fsync, reserveBytes, walBytes });
  if (!onJournal) return journal;
  const failing = new FailingJournal(journal);
  onJournal(failing);
  return failing;
}

/** The failure of an operation: its kind and its message, or "none". */
export async function failureOf(operation: Promise<unknown>): Promise<string> {
  const failure = await operation.then(
    () => "none",
    (error: unknown) => error,
  );
  return failure instanceof StoreError ? `${failure.failure}: ${failure.message}` : String(failure);
}
