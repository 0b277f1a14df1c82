// What okq bench says of its measurement.
import { expect, test } from "bun:test";
import { Latencies } from "../../src/cli/bench/latencies.ts";
import { Load, type LoadFigures } from "../../src/cli/bench/load.ts";
import { benchJson, benchLines } from "../../src/cli/bench/report.ts";
import { eventually } from "../support/eventually.ts";

const setting = { address: "127.0.0.1:4777", connections: 1, inFlight: 2, size: 1 };
const options = { width: null, paint: (text: string) => text };

function latenciesOf(...times: number[]): Latencies {
  const latencies = new Latencies();
  for (const ms of times) latencies.add(ms);
  return latencies;
}

/** Ten cycles in two seconds. */
function figuresOf(changed: Partial<LoadFigures> = {}): LoadFigures {
  const ten = (ms: number) => latenciesOf(...Array<number>(10).fill(ms));
  return {
    seconds: 2,
    cycles: 10,
    latencies: { push: ten(4), pop: ten(2), ack: ten(1), cycle: ten(7) },
    errors: new Map(),
    clientCpuSeconds: 0.2,
    clientDelays: latenciesOf(0.1),
    ...changed,
  };
}

test("shows rates and times", () => {
  expect(benchLines(setting, figuresOf(), options)).toEqual([
    "127.0.0.1:4777: 1 connection x 2 in flight, contents of 1 byte, 2s of load",
    "",
    "       PER SECOND  p50  p90  p99  p99.9  max",
    "push            5  4ms  4ms  4ms    4ms  4ms",
    "pop             5  2ms  2ms  2ms    2ms  2ms",
    "ack             5  1ms  1ms  1ms    1ms  1ms",
    "cycle           5  7ms  7ms  7ms    7ms  7ms",
    "",
    "10 cycles of push, pop and ack: 15 commands per second",
  ]);
});

test.each([
  ["is busy", figuresOf({ clientCpuSeconds: 1.9 }), true],
  ["is late", figuresOf({ clientDelays: latenciesOf(3, 3) }), true],
  ["is a little late", figuresOf({ clientDelays: latenciesOf(1.5) }), false],
  ["is idle", figuresOf(), false],
])("says that the client was the bottleneck if it %s", (_, figures, isBound) => {
  const last = benchLines(setting, figures, options).at(-1)!;
  expect(last.startsWith("this program itself was a bottleneck")).toBe(isBound);
  expect(benchJson(setting, figures)).toMatchObject({ isClientBound: isBound });
});

test("shows errors by their message", () => {
  const errors = new Map([["ERR bad\x1b[2J", 3]]);
  expect(benchLines(setting, figuresOf({ errors }), options).at(-1)).toBe(
    "3 errors: ERR bad\\x1b[2J",
  );
  expect(benchJson(setting, figuresOf({ errors }))).toMatchObject({ errors: 3 });
});

test("shows a measurement in which nothing was done", () => {
  const none = () => new Latencies();
  const latencies = { push: none(), pop: none(), ack: none(), cycle: none() };
  const figures = figuresOf({ seconds: 0, cycles: 0, latencies });
  const lines = benchLines(setting, figures, options);
  expect(lines[3]).toMatch(/^push +0 +- +- +- +- +-$/);
  expect(lines.at(-1)).toBe("0 cycles of push, pop and ack: 0 commands per second");
});

test("counts only cycles that begin while it measures", async () => {
  let cycles = 0;
  const call = async (name: unknown) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (name === "QACK") cycles += 1;
    return name === "QPOP" ? [["q", "1", "x", "t"].map((text) => Buffer.from(text))] : 1;
  };
  const given = { connections: [{ call }], inFlight: 3, queue: "q", contents: Buffer.from("x") };
  const unmeasured = new Load(given);
  unmeasured.start();
  await eventually(() => cycles > 10);
  expect(await unmeasured.stop()).toMatchObject({ cycles: 0, seconds: 0 });
  const load = new Load(given);
  load.start();
  await eventually(() => cycles > 20);
  load.measure();
  const before = cycles;
  await eventually(() => cycles > 40);
  const figures = await load.stop();
  const after = cycles - before;
  expect(figures.cycles).toBeLessThanOrEqual(after);
  expect(figures.cycles).toBeGreaterThanOrEqual(after - 3);
  expect(figures.latencies.push.count).toBe(figures.cycles);
});
