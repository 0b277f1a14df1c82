// Metrics as text: in the text format of Prometheus 0.0.4, or as OpenMetrics 1.0.
import { type Family, fullName, helpOf, type Sample, type Scaled } from "./family.ts";

export interface Format {
  isOpenMetrics: boolean;
  contentType: string;
}

const PROMETHEUS: Format = {
  isOpenMetrics: false,
  contentType: "text/plain; version=0.0.4; charset=utf-8",
};
const OPEN_METRICS: Format = {
  isOpenMetrics: true,
  contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};
const OPEN_METRICS_VERSIONS: ReadonlySet<string> = new Set(["0.0.1", "1.0.0"]);

/** The format that a client prefers; that of Prometheus for one that names none of the two. */
export function formatFor(accept: string): Format {
  let [text, openMetrics] = [0, 0];
  for (const range of accept.split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const given = new Map(parameters.map((each) => each.split("=", 2) as [string, string]));
    const weight = Number(given.get("q") ?? 1);
    if (type === "text/plain") text = Math.max(text, weight);
    const version = given.get("version") ?? "1.0.0";
    if (type !== "application/openmetrics-text" || !OPEN_METRICS_VERSIONS.has(version)) continue;
    openMetrics = Math.max(openMetrics, weight);
  }
  return openMetrics > 0 && openMetrics >= text ? OPEN_METRICS : PROMETHEUS;
}

/** The lines in front of the samples of a family. */
export function headOf(family: Family, { isOpenMetrics }: Format): string {
  const { name, type, unit } = family;
  const help = helpOf(family).replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  if (!isOpenMetrics) {
    const full = fullName(family);
    return `# HELP ${full} ${help}\n# TYPE ${full} ${type === "info" ? "gauge" : type}\n`;
  }
  const unitLine = unit ? `# UNIT ${name} ${unit}\n` : "";
  return `# TYPE ${name} ${type}\n${unitLine}# HELP ${name} ${help.replaceAll('"', '\\"')}\n`;
}

/** createdAtS: since when it counts, in seconds since 1970; null if that is not known. */
export function linesOf(
  family: Family,
  [values, value]: Sample,
  format: Format,
  createdAtS: number | null,
): string {
  const { name, type, labels = [] } = family;
  const pairs = values.map((text, at) => `${labels[at]}="${escaped(text)}"`);
  const isCreatedShown = format.isOpenMetrics && createdAtS !== null && countsUp(type);
  const created = isCreatedShown ? `${name}_created${inBraces(pairs)} ${createdAtS}\n` : "";
  if (typeof value === "number") {
    return `${fullName(family)}${inBraces(pairs)} ${value}\n${created}`;
  }
  return histogramLines(name, pairs, value) + created;
}

function countsUp(type: Family["type"]): boolean {
  return type === "counter" || type === "histogram";
}

function histogramLines(name: string, pairs: string[], { histogram, perUnit }: Scaled): string {
  const bucket = (bound: string, count: number) =>
    `${name}_bucket${inBraces([...pairs, `le="${bound}"`])} ${count}\n`;
  const { count, sum } = histogram;
  const buckets = [...histogram.upTo()].map(([bound, upTo]) => bucket(real(bound / perUnit), upTo));
  const braces = inBraces(pairs);
  return (
    `${buckets.join("")}${bucket("+Inf", count)}` +
    `${name}_sum${braces} ${sum / perUnit}\n${name}_count${braces} ${count}\n`
  );
}

/** As OpenMetrics wants bounds: also whole numbers with a point. */
function real(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function inBraces(pairs: string[]): string {
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
