// Clients wait in XREADGROUP at one okq, and their group ends at another one: a message wakes them.
// The clock of their okq stands still, so that it looks for nothing by itself.
import { describe, expect, test } from "bun:test";
import { onEmpty, startTestOkq, useCluster } from "../support/okq-server.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { TestClock } from "../support/test-clock.ts";
import { waitingClient } from "../support/waiting-client.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

const next = async (client: Wire) => readable(await client.next());
const words = (command: string) => command.split(" ");
const read = (group: string) => words(`XREADGROUP GROUP ${group} c BLOCK 0 STREAMS s >`);
const gone = (group: string) =>
  `-NOGROUP No such key 's' or consumer group '${group}' in XREADGROUP with GROUP option`;

async function startTwo(store: "redis" | "cluster") {
  const config = await onEmpty(store);
  const [here, there] = [await startTestOkq(config, new TestClock()), await startTestOkq(config)];
  const client = await there.connect();
  const creates = ["XGROUP CREATE s g $ MKSTREAM", "XGROUP CREATE s o $"];
  await askAll(client, ...creates.map(words));
  // A pop waits in front of the readers of each group, and is told nothing.
  const popping = [
    await waitingClient(here, words("QPOP WAIT 60 FROM s")),
    await waitingClient(here, words("QPOP WAIT 60 FROM s@o")),
  ];
  const waiting: Record<"g" | "o", Wire[]> = { g: [], o: [] };
  for (const group of ["g", "o", "g", "o"] as const) {
    waiting[group].push(await waitingClient(here, read(group)));
  }
  const { g, o } = waiting;
  return { client, popping, g, o };
}

describe.each(["redis", "cluster"] as const)("on %s", (store) => {
  test.each(["DEL s", "UNLINK s", "QFLUSH s", "FLUSHALL", "MULTI DEL EXEC"])(
    "the end of a stream by %s ends waits for its groups",
    async (removal) => {
      const { client, popping, g, o } = await startTwo(store);
      const removals = removal === "MULTI DEL EXEC" ? ["MULTI", "DEL s", "EXEC"] : [removal];
      await askAll(client, ...removals.map(words));
      expect(await Promise.all(g.map(next))).toEqual([gone("g"), gone("g")]);
      expect(await Promise.all(o.map(next))).toEqual([gone("o"), gone("o")]);
      expect(popping.map(({ waiting }) => waiting)).toEqual([0, 0]);
    },
  );

  test.each(["XGROUP DESTROY s o", "QUNBIND s o"])(
    "the end of a further group by %s ends waits for it alone",
    async (removal) => {
      const { client, popping, g, o } = await startTwo(store);
      expect(await ask(client, ...words(removal))).toBe(1);
      expect(await Promise.all(o.map(next))).toEqual([gone("o"), gone("o")]);
      // Clients that pop from its queue wait on, for what may come there.
      await ask(client, ...words("XGROUP CREATE s o $"));
      await askAll(client, words("XADD s 1-1 f v"), words("XADD s 2-1 f v"));
      expect(await next(popping[1]!)).toEqual([
        ["s@o", "1-1", expect.any(String), expect.any(String), 1, []],
      ]);
      expect([await next(popping[0]!), await next(g[0]!)]).toEqual([
        [["s", "1-1", expect.any(String), expect.any(String), 1, []]],
        [["s", [["2-1", ["f", "v"]]]]],
      ]);
      expect(g[1]!.waiting).toBe(0);
    },
  );

  test("the end of the first group by XGROUP DESTROY ends waits for it alone", async () => {
    const { client, popping, g, o } = await startTwo(store);
    expect(await ask(client, ...words("XGROUP DESTROY s g"))).toBe(1);
    expect(await Promise.all(g.map(next))).toEqual([gone("g"), gone("g")]);
    expect([...popping, ...o].map(({ waiting }) => waiting)).toEqual([0, 0, 0, 0]);
  });
});
