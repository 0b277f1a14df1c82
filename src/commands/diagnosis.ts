// SLOWLOG and LATENCY: programs that watch a Redis ask for them. okq notes no slow commands.
import { OK, Pairs } from "../resp/reply.ts";
import type { Command } from "./command.ts";
import { commandError } from "./errors.ts";
import { parseInteger } from "./numbers.ts";

function slowlogGet({ args }: { args: Buffer[] }): [] {
  const count = args[2] ? parseInteger(args[2]) : 0;
  if (count === null || count < -1) throw commandError("slowlogCount");
  return [];
}

const shared = {
  group: "server",
  access: "admin",
  since: "0.1.0",
  flags: ["readonly"],
} as const;

export const diagnosisCommands: Command[] = [
  {
    ...shared,
    name: "SLOWLOG GET",
    syntax: "[count]",
    summary: "Nothing: okq notes no slow commands.",
    run: slowlogGet,
  },
  {
    ...shared,
    name: "SLOWLOG LEN",
    syntax: "",
    summary: "0.",
    run: () => 0,
  },
  {
    ...shared,
    name: "SLOWLOG RESET",
    syntax: "",
    summary: "OK.",
    run: () => OK,
  },
  {
    ...shared,
    name: "LATENCY LATEST",
    syntax: "",
    summary: "Nothing, as in Redis while it watches no latencies.",
    run: () => [],
  },
  {
    ...shared,
    name: "LATENCY HISTORY",
    syntax: "event",
    summary: "Nothing.",
    run: () => [],
  },
  {
    ...shared,
    name: "LATENCY HISTOGRAM",
    syntax: "[command ...]",
    summary: "Nothing.",
    run: () => new Pairs([]),
  },
  {
    ...shared,
    name: "LATENCY RESET",
    syntax: "[event ...]",
    summary: "0.",
    run: () => 0,
  },
];
