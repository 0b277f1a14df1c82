// `okq bench`: a short load on a running okq.
import { randomBytes } from "node:crypto";
import type { Okq } from "../../client/client.ts";
import { benchQueueName, removeQueue } from "../bench/bench-queue.ts";
import { Load } from "../bench/load.ts";
import { benchJson, benchLines, errorCount } from "../bench/report.ts";
import { clientCommand, type Invocation } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { tableOptions } from "../looks/show-rows.ts";
import { duration } from "../terminal/figures.ts";
import { printable } from "../terminal/printable.ts";
import { onEndSignal } from "../terminal/signals.ts";

const options = {
  connections: { kind: "number", short: "c", min: 1, max: 1000, help: "connections (4)" },
  "in-flight": {
    kind: "number",
    short: "f",
    min: 1,
    max: 10_000,
    help: "commands under way on each connection (16)",
  },
  size: { kind: "number", short: "s", max: 64 * 1024 * 1024, help: "bytes of the contents (100)" },
  seconds: { kind: "seconds", max: 86_400, help: "how long to measure (5)" },
  "warm-up": { kind: "seconds", max: 86_400, help: "how long the load lasts before that (1)" },
  prefix: {
    kind: "text",
    value: "NAME",
    help: "beginning of the name of the queue (okq-bench-); your user needs the right to it",
  },
} as const;

type Call = Invocation<typeof options>;

export const bench = clientCommand({
  name: "bench",
  group: "looks",
  summary: "measure how fast a running okq pushes, pops and acknowledges",
  details: [
    "Callers on several connections push, pop and acknowledge events, each one command after the " +
      "other, in a queue of its own that is removed at the end, also after Ctrl-C. The times are " +
      "those that a caller waits, through the network and this client. Percentiles are at most " +
      "2 % too long.",
    "It is real load: other clients of okq wait longer meanwhile. The exit code is 1 if a " +
      "command failed.",
  ],
  words: "",
  options,
  examples: [
    ["okq bench", "measures with 4 connections and 16 commands under way on each"],
    ["okq bench -c 1 -f 1", "measures how long one caller waits without any other load"],
    ["okq bench -s 10000 --seconds 30 --json", "large events, for half a minute, as JSON"],
  ],
  async run(call) {
    const { options: given, terminal, address } = call;
    const { connections: many = 4, inFlight = 16, size = 100, prefix = "okq-bench-" } = given;
    const connections: Okq[] = [];
    // oxlint-disable-next-line no-await-in-loop -- the first one may ask for a password
    while (connections.length < many) connections.push(await call.connect());
    const queue = benchQueueName(prefix);
    const contents = Buffer.from(
      randomBytes(Math.ceil(size / 2))
        .toString("hex")
        .slice(0, size),
    );
    const load = new Load({ connections, inFlight, queue, contents });
    const { exitCode, figures } = await runLoad(call, load, connections[0]!, queue);
    if (figures === null) return exitCode;
    const setting = { address, connections: many, inFlight, size };
    if (given.json) await terminal.json(benchJson(setting, figures));
    else {
      await terminal.line(benchLines(setting, figures, tableOptions(terminal)).join("\n"));
    }
    if (exitCode !== exitCodes.done) return exitCode;
    return errorCount(figures) > 0 ? exitCodes.notDone : exitCodes.done;
  },
});

/** The figures are null if a second signal has ended it at once. Removes the queue. */
async function runLoad({ options: given, terminal }: Call, load: Load, okq: Okq, queue: string) {
  const { warmUp = 1000, seconds = 5000 } = given;
  let exitCode: number = exitCodes.done;
  const [first, second] = [Promise.withResolvers<"ended">(), Promise.withResolvers<null>()];
  const stop = onEndSignal((code) => {
    if (exitCode !== exitCodes.done) second.resolve(null);
    exitCode = code;
    first.resolve("ended");
  });
  try {
    terminal.note(
      `load of ${duration(seconds / 1000)} in the queue ${printable(queue)}, after a warm-up of ` +
        `${duration(warmUp / 1000)}; Ctrl-C ends it`,
    );
    load.start();
    await Promise.race([pause(warmUp), first.promise]);
    load.measure();
    await Promise.race([pause(seconds), first.promise]);
    const figures = await Promise.race([load.stop(), second.promise]);
    const removed = removeQueue(okq, queue).then(
      () => true,
      (error: Error) => {
        terminal.note(`okq: the queue ${printable(queue)} is not removed: ${error.message}`);
        return false;
      },
    );
    const isRemoved = await Promise.race([removed, second.promise]);
    if (isRemoved === null) terminal.note(`okq: the queue ${printable(queue)} may be left`);
    if (isRemoved === false && exitCode === exitCodes.done) exitCode = exitCodes.noServer;
    return { exitCode, figures };
  } finally {
    stop();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
