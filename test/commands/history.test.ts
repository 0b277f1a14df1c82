// QHISTORY over the wire.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";

useCluster();

type Facts = Record<string, Readable>;

function mapOf(flat: Readable): Facts {
  const words = flat as Readable[];
  const pairs = Array.from({ length: words.length / 2 }, (_, n) => words.slice(2 * n, 2 * n + 2));
  return Object.fromEntries(pairs) as Facts;
}

const sumOf = (numbers: Readable | undefined) =>
  (numbers as (number | null)[]).reduce<number>((sum, each) => sum + (each ?? 0), 0);

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("QHISTORY shows the last hour and the last day", async () => {
    const client = await (await startOkqOn(store)).connect();
    for (const id of ["1", "2", "3"]) await ask(client, "QPUSH", "q", "x", "ID", id);
    const [[, id, , token]] = (await ask(client, "QPOP", "FROM", "q")) as [string[]];
    await ask(client, "QFAIL", "q", id!, token!, "FINAL");
    // Counts are told to the store once a second.
    await eventually(async () => {
      const { hour, day } = mapOf(await ask(client, "QHISTORY", "q"));
      for (const [each, steps, seconds] of [
        [mapOf(hour!), 60, 60],
        [mapOf(day!), 144, 600],
      ] as const) {
        const { "step-seconds": step, "starts-at": start, ...series } = each;
        expect([step, Number(start) % seconds]).toEqual([seconds, 0]);
        for (const numbers of Object.values(series)) expect(numbers).toHaveLength(steps);
        const { pushed, popped, acked, failures } = series;
        expect([pushed, popped, acked, failures].map(sumOf)).toEqual([3, 1, 0, 1]);
        expect(sumOf(series["newly-failed"])).toBe(1);
        const { ready, claimed, delayed, failed } = series;
        const last = (numbers: Readable | undefined) => (numbers as number[]).at(-1);
        expect([ready, claimed, delayed, failed].map(last)).toEqual([2, 0, 0, 1]);
      }
      return true;
    });
  });
});
