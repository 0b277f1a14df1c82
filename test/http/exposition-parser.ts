// Parses metrics strictly: the text format of Prometheus 0.0.4, and OpenMetrics 1.0. Throws an
// error that quotes the line of the first mistake.

export interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface ParsedFamily {
  name: string;
  type: string;
  unit: string | null;
  help: string;
  samples: ParsedSample[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = String.raw`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"`;
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL},)*${LABEL})\\})? (\\S+)$`);
const NUMBER = /^(\+Inf|NaN|-?\d+(\.\d+)?(e[+-]?\d+)?)$/;

/** The endings of the names of samples, by type. */
const ENDINGS = {
  text: { gauge: [""], counter: [""], histogram: ["_bucket", "_sum", "_count"] },
  openMetrics: {
    gauge: [""],
    info: ["_info"],
    counter: ["_total", "_created"],
    histogram: ["_bucket", "_sum", "_count", "_created"],
  },
} as const;

/** By name. */
export type Families = Map<string, ParsedFamily>;

export function parseText(text: string): Families {
  return parse(text, "text");
}

export function parseOpenMetrics(text: string): Families {
  if (!text.endsWith("\n# EOF\n")) throw new Error("does not end with # EOF");
  return parse(text.slice(0, -"# EOF\n".length), "openMetrics");
}

function parse(text: string, format: keyof typeof ENDINGS): Families {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const families: Families = new Map();
  const seen = new Set<string>();
  let family: ParsedFamily | null = null;
  for (const line of text.slice(0, -1).split("\n")) {
    try {
      if (line.startsWith("#")) family = readComment(line, families, family);
      else readSample(line, family, format, seen);
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${line}`, { cause: error });
    }
  }
  for (const each of families.values()) checkFamily(each);
  return families;
}

function readComment(line: string, families: Families, current: ParsedFamily | null): ParsedFamily {
  const [, kind, name, rest] =
    new RegExp(`^# (HELP|TYPE|UNIT) (${NAME}) (.+)$`).exec(line) ?? fail("a wrong comment");
  let family = families.get(name!);
  if (!family) {
    family = { name: name!, type: "", unit: null, help: "", samples: [] };
    families.set(name!, family);
  } else if (family !== current) fail("the family was there before");
  if (family.samples.length > 0) fail("behind samples");
  if (kind === "HELP") family.help = once(family.help, rest!.replaceAll(/\\[\\n"]/g, ""));
  else if (kind === "TYPE") family.type = once(family.type, rest!);
  else if (name!.endsWith(`_${rest}`)) family.unit = once(family.unit ?? "", rest!);
  else fail("the name does not end with the unit");
  if (family.help.includes("\\")) fail("a backslash that is not escaped");
  return family;
}

function once(before: string, value: string): string {
  return before === "" ? value : fail("twice");
}

function readSample(
  line: string,
  family: ParsedFamily | null,
  format: keyof typeof ENDINGS,
  seen: Set<string>,
): void {
  const [, name, pairs] = SAMPLE.exec(line) ?? fail("no sample");
  if (!family || family.type === "" || family.help === "") return fail("no TYPE or HELP");
  const endings = (ENDINGS[format] as Record<string, readonly string[]>)[family.type];
  if (!endings?.some((ending) => name === family.name + ending)) fail("another family");
  const labels: Record<string, string> = {};
  for (const [, label, value] of (pairs ?? "").matchAll(new RegExp(LABEL, "g"))) {
    if (Object.hasOwn(labels, label!)) fail("the same label twice");
    labels[label!] = unescaped(value!);
  }
  const number = line.slice(line.lastIndexOf(" ") + 1);
  if (!NUMBER.test(number)) fail("no number");
  const series = `${name} ${JSON.stringify(Object.entries(labels).toSorted())}`;
  if (seen.has(series)) fail("the same series twice");
  seen.add(series);
  family.samples.push({ name: name!, labels, value: Number(number.replace("+Inf", "Infinity")) });
}

function unescaped(value: string): string {
  return value.replaceAll(/\\(.)/g, (_, character: string) =>
    character === "n" ? "\n" : character,
  );
}

function checkFamily(family: ParsedFamily): void {
  const { name, type, samples } = family;
  if (samples.length === 0) fail(`${name} has no samples`);
  if (type === "info" && samples.some(({ value }) => value !== 1)) fail(`${name} is not 1`);
  const counted = samples.filter(({ name: own }) => type !== "gauge" && !own.endsWith("_created"));
  if (counted.some(({ value }) => !(value >= 0))) fail(`${name} is negative`);
  if (type === "histogram") for (const group of seriesOf(samples)) checkHistogram(name, group);
}

/** The samples of each set of labels, without le. */
function seriesOf(samples: ParsedSample[]): ParsedSample[][] {
  const keyOf = ({ labels }: ParsedSample) => JSON.stringify({ ...labels, le: "" });
  return Object.values(Object.groupBy(samples, keyOf)) as ParsedSample[][];
}

function checkHistogram(name: string, samples: ParsedSample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => Number(labels["le"]!.replace("+Inf", "Infinity")));
  const counts = buckets.map(({ value }) => value);
  const isAscending = (numbers: number[], isStrict: boolean) =>
    numbers.every((each, at) => at === 0 || each > numbers[at - 1]! - (isStrict ? 0 : 1));
  if (!isAscending(bounds, true) || !isAscending(counts, false)) fail(`${name} does not ascend`);
  if (bounds.at(-1) !== Infinity) fail(`${name} lacks +Inf`);
  if (buckets.some(({ labels }) => !/^(\+Inf|\d+\.\d+)$/.test(labels["le"]!))) {
    fail(`${name} has a bound without a point`);
  }
  const only = (ending: string) => {
    const [found, ...others] = samples.filter((sample) => sample.name === name + ending);
    return found && others.length === 0 ? found.value : fail(`${name} has not one ${ending}`);
  };
  if (only("_count") !== counts.at(-1)) fail(`${name} counts another number`);
  only("_sum");
}

function fail(message: string): never {
  throw new Error(message);
}

/** The value of a series; undefined if it is not there. */
export function valueIn(
  families: Families,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const wanted = JSON.stringify(Object.entries(labels).toSorted());
  for (const { samples } of families.values()) {
    const found = samples.find(
      (sample) =>
        sample.name === name && JSON.stringify(Object.entries(sample.labels).toSorted()) === wanted,
    );
    if (found) return found.value;
  }
  return undefined;
}

/** The values that a label has in any series. */
export function labelValues(families: Families, label: string): Set<string> {
  const samples = [...families.values()].flatMap((family) => family.samples);
  return new Set(samples.flatMap(({ labels }) => labels[label] ?? []));
}
