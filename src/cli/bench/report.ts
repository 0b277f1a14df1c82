// What `okq bench` has measured, for people and as JSON.
import { count, duration, NONE, plural, rate } from "../terminal/figures.ts";
import type { Json } from "../terminal/json-text.ts";
import { printable } from "../terminal/printable.ts";
import { type Column, Table, type TableOptions } from "../terminal/table.ts";
import type { Latencies } from "./latencies.ts";
import { type LoadFigures, steps } from "./load.ts";

export interface BenchSetting {
  address: string;
  connections: number;
  inFlight: number;
  size: number;
}

const quantiles = [
  ["p50", 0.5],
  ["p90", 0.9],
  ["p99", 0.99],
  ["p99.9", 0.999],
] as const;

/** From so much of a processor on, this process is what limits the load. */
const BUSY_CPU = 0.9;
/** Timers are not exact: a shorter delay says nothing. */
const DELAY_MS_MIN = 2;
/** A larger part of the time of a push is then not that of okq. */
const DELAY_PART = 0.5;

/** How much of a processor this process used. */
function clientCpu({ clientCpuSeconds, seconds }: LoadFigures): number {
  return seconds > 0 ? clientCpuSeconds / seconds : 0;
}

/** The median delay of this process. */
function clientDelayMs({ clientDelays }: LoadFigures): number {
  return clientDelays.quantileMs(0.5) ?? 0;
}

function isClientBound(figures: LoadFigures): boolean {
  const delayMs = clientDelayMs(figures);
  const pushMs = figures.latencies.push.quantileMs(0.5) ?? Infinity;
  const isLate = delayMs >= DELAY_MS_MIN && delayMs >= DELAY_PART * pushMs;
  return isLate || clientCpu(figures) >= BUSY_CPU;
}

function perSecond({ cycles, seconds }: LoadFigures): number {
  return seconds > 0 ? cycles / seconds : 0;
}

interface Row {
  name: string;
  latencies: Latencies;
}

export function benchLines(
  { address, connections, inFlight, size }: BenchSetting,
  figures: LoadFigures,
  options: TableOptions,
): string[] {
  const { seconds, latencies, cycles } = figures;
  const callers = `${plural(connections, "connection")} x ${count(inFlight)} in flight`;
  const columns: Column<Row>[] = [
    { title: "", of: ({ name }) => name },
    { title: "PER SECOND", of: () => rate(Math.round(perSecond(figures))), side: "right" },
    ...quantiles.map(([name, part]): Column<Row> => ({
      title: name,
      of: (row) => timeText(row.latencies.quantileMs(part)),
      side: "right",
    })),
    {
      title: "max",
      of: (row) => timeText(row.latencies.count === 0 ? null : row.latencies.maxMs),
      side: "right",
    },
  ];
  const rows = [...steps, "cycle" as const].map((name) => ({ name, latencies: latencies[name] }));
  const commands = count(Math.round(perSecond(figures) * steps.length));
  return [
    `${printable(address)}: ${callers}, contents of ${plural(size, "byte")}, ` +
      `${duration(seconds)} of load`,
    "",
    ...new Table(columns, options).lines(rows),
    "",
    `${plural(cycles, "cycle")} of push, pop and ack: ${commands} commands per second`,
    ...errorLines(figures, options),
    ...(isClientBound(figures) ? [options.paint(clientBoundText(figures), "yellow")] : []),
  ];
}

function timeText(ms: number | null): string {
  return ms === null ? NONE : duration(ms / 1000);
}

function errorLines({ errors }: LoadFigures, { paint }: TableOptions): string[] {
  return [...errors].map(([message, times]) =>
    paint(`${plural(times, "error")}: ${printable(message)}`, "red"),
  );
}

function clientBoundText(figures: LoadFigures): string {
  const cpu = Math.round(clientCpu(figures) * 100);
  const delay = duration(clientDelayMs(figures) / 1000);
  return (
    `this program itself was a bottleneck (${cpu} % of a processor, late by ${delay}): okq can ` +
    "do more, and its times are shorter. Use fewer callers, or several programs at a time"
  );
}

export function benchJson(setting: BenchSetting, figures: LoadFigures): Json {
  const { seconds, cycles, latencies, errors } = figures;
  const all = [...steps, "cycle" as const].map((name) => [name, latencyJson(latencies[name])]);
  return {
    ...setting,
    seconds: rounded(seconds),
    cycles,
    cyclesPerSecond: rounded(perSecond(figures)),
    commandsPerSecond: rounded(perSecond(figures) * steps.length),
    ...(Object.fromEntries(all) as { [name: string]: Json }),
    errors: errorCount(figures),
    errorMessages: Object.fromEntries(errors),
    clientCpu: rounded(clientCpu(figures)),
    clientDelayMs: rounded(clientDelayMs(figures)),
    isClientBound: isClientBound(figures),
  };
}

export function errorCount({ errors }: LoadFigures): number {
  return [...errors.values()].reduce((sum, times) => sum + times, 0);
}

function latencyJson(latencies: Latencies): { [name: string]: Json } {
  const parts = quantiles.map(([name, part]) => [
    `${name.replace(".", "")}Ms`,
    orNull(latencies.quantileMs(part)),
  ]);
  return {
    count: latencies.count,
    ...(Object.fromEntries(parts) as { [name: string]: Json }),
    maxMs: orNull(latencies.count === 0 ? null : latencies.maxMs),
  };
}

/** Three decimals. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function orNull(ms: number | null): number | null {
  return ms === null ? null : rounded(ms);
}
