// okq under a long mixed load: no event is lost, and memory and descriptors do not grow. `bun run
// soak` runs it much longer.
import { expect, test } from "bun:test";
import { type ListeningOkq, startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { newDatabase, startTestRedis, type storeNames } from "../support/okq-server.ts";
import { report, seed } from "./rounds.ts";
import { type Epoch, soakEpoch } from "./soak.ts";

type StoreName = (typeof storeNames)[number];

const minutes = Number(process.env["OKQ_SOAK_MINUTES"] ?? 0);
const stores = (process.env["OKQ_SOAK_STORES"] ?? "sqlite,redis").split(",") as StoreName[];
/** The first epochs warm up and are not compared. */
const WARM_UP_EPOCHS = minutes > 0 ? 2 : 1;
const EPOCHS = minutes > 0 ? Math.max(WARM_UP_EPOCHS + 1, minutes) : 2;
const EPOCH_SECONDS = minutes > 0 ? 52 : 1;
/** Allowed growth of memory after the warm-up, and of open files. */
const GROWTH_MB_MAX = 60;
const FILES_MORE_MAX = 3;

async function start(store: StoreName): Promise<ListeningOkq> {
  if (store === "redis") return await startOkqOnRedis((await startTestRedis()).port);
  return await startOkqProcess(["--store", store === "sqlite" ? newDatabase() : "memory"]);
}

test.each(stores)(
  `on %s, ${EPOCHS} epochs of ${EPOCH_SECONDS} s do not grow memory or the number of open files`,
  async (store) => {
    const okq = await start(store);
    const epochs: Epoch[] = [];
    for (let at = 0; at < EPOCHS; at++) {
      const epoch = await soakEpoch(okq, EPOCH_SECONDS, seed + at);
      report(`${store}: epoch ${at + 1} of ${EPOCHS}, OKQ_FAULT_SEED=${seed}`, epoch);
      expect(epoch.acked).toBeGreaterThan(0);
      epochs.push(epoch);
    }
    const [warm, last] = [epochs[WARM_UP_EPOCHS - 1]!, epochs.at(-1)!];
    expect(last.memoryMB).toBeLessThan(warm.memoryMB + GROWTH_MB_MAX);
    expect(last.files).toBeLessThanOrEqual(warm.files + FILES_MORE_MAX);
    expect(okq.stderr()).not.toMatch(/ error |internal error/);
  },
  60_000 + EPOCHS * (EPOCH_SECONDS + 80) * 1_000,
);
