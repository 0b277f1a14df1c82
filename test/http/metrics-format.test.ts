// The text formats of metrics: what is chosen, how names and texts are written, and that mistakes
// are noticed by the parser of the tests.
import { expect, test } from "bun:test";
import { formatFor, headOf, linesOf } from "../../src/http/metrics/exposition.ts";
import type { Family } from "../../src/http/metrics/family.ts";
import { queueLabel } from "../../src/http/metrics/queue-label.ts";
import { DoublingHistogram } from "../../src/queue/doubling-histogram.ts";
import { type Families, parseOpenMetrics, parseText, valueIn } from "./exposition-parser.ts";

const OPEN_METRICS = "application/openmetrics-text; version=1.0.0";
/** As Prometheus 2.42 asks. */
const OF_PROMETHEUS =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75," +
  "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

test.each([
  ["", false],
  ["*/*", false],
  ["text/plain", false],
  ["application/json", false],
  [OF_PROMETHEUS, true],
  ["application/openmetrics-text", true],
  ["Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8", true],
  ["application/openmetrics-text;q=0.3,text/plain;q=0.5", false],
  ["application/openmetrics-text;q=0", false],
  ["application/openmetrics-text;version=2.0.0", false],
  ["application/openmetrics-text;q=x", false],
])("for Accept %j OpenMetrics is chosen: %p", (accept, isOpenMetrics) => {
  const { contentType } = formatFor(accept);
  const [prometheus, openMetrics] = ["text/plain; version=0.0.4", OPEN_METRICS];
  expect(contentType).toBe(`${isOpenMetrics ? openMetrics : prometheus}; charset=utf-8`);
});

function histogramOf(...numbers: number[]): DoublingHistogram {
  const histogram = new DoublingHistogram({ first: 0, last: 2, step: 1 });
  for (const number of numbers) histogram.add(number);
  return histogram;
}

const counter: Family = {
  name: "okq_x_bytes",
  type: "counter",
  unit: "bytes",
  labels: ["a", "b"],
  help: 'A "help" with \\ and\na line end.',
  of: "process",
};
const histogram: Family = { name: "okq_h", type: "histogram", help: "H.", of: "store" };

function written(accept: string): string {
  const format = formatFor(accept);
  const scaled = { histogram: histogramOf(1, 2, 3, 100), perUnit: 1 };
  return (
    headOf(counter, format) +
    linesOf(counter, [['x\\y"z\n', ""], 5], format, 1.5) +
    headOf(histogram, format) +
    linesOf(histogram, [[], scaled], format, null)
  );
}

test("writes the format of Prometheus", () => {
  expect(written("")).toBe(
    [
      '# HELP okq_x_bytes_total A "help" with \\\\ and\\na line end. Of this okq process.',
      "# TYPE okq_x_bytes_total counter",
      'okq_x_bytes_total{a="x\\\\y\\"z\\n",b=""} 5',
      "# HELP okq_h H.",
      "# TYPE okq_h histogram",
      'okq_h_bucket{le="1.0"} 1',
      'okq_h_bucket{le="2.0"} 2',
      'okq_h_bucket{le="4.0"} 3',
      'okq_h_bucket{le="+Inf"} 4',
      "okq_h_sum 106",
      "okq_h_count 4",
      "",
    ].join("\n"),
  );
});

test("writes OpenMetrics", () => {
  expect(written(OF_PROMETHEUS)).toStartWith(
    [
      "# TYPE okq_x_bytes counter",
      "# UNIT okq_x_bytes bytes",
      '# HELP okq_x_bytes A \\"help\\" with \\\\ and\\na line end. Of this okq process.',
      'okq_x_bytes_total{a="x\\\\y\\"z\\n",b=""} 5',
      'okq_x_bytes_created{a="x\\\\y\\"z\\n",b=""} 1.5',
      "# TYPE okq_h histogram",
      "# HELP okq_h H.",
      "",
    ].join("\n"),
  );
});

test("what is written is parsed to the same values", () => {
  const check = (families: Families) => {
    expect(valueIn(families, "okq_x_bytes_total", { a: 'x\\y"z\n', b: "" })).toBe(5);
    expect(valueIn(families, "okq_h_sum")).toBe(106);
  };
  check(parseText(written("")));
  check(parseOpenMetrics(`${written(OF_PROMETHEUS)}# EOF\n`));
});

test.each([
  ["other", "\\x6fther"],
  ["others", "others"],
  ["Schlüssel 鍵", "Schlüssel 鍵"],
  ["a\\b", "a\\\\b"],
  ["a\nb\0\u007f", "a\\x0ab\\x00\\x7f"],
  ["\u0085", "\\xc2\\x85"],
  ['"', '"'],
])("the queue %j has the label %j", (name, label) => {
  expect(queueLabel(Buffer.from(name))).toBe(label);
});

test("names that are not UTF-8 have labels of their own", () => {
  const names = ["85", "c285", "ff", "c3a9", "c3a9ff", "5c786666", "6f74686572", "5c7836667468"];
  const labels = names.map((hex) => queueLabel(Buffer.from(hex, "hex")));
  expect(labels).toEqual([
    "\\x85",
    "\\xc2\\x85",
    "\\xff",
    "é",
    "\\xc3\\xa9\\xff",
    "\\\\xff",
    "\\x6fther",
    "\\\\x6fth",
  ]);
});

const good = "# HELP a A.\n# TYPE a gauge\na 1\n";
const bucket = (le: string, value: number) => `h_bucket{le="${le}"} ${value}\n`;
const histogramHead = "# HELP h H.\n# TYPE h histogram\n";

test.each([
  ["a line that does not end", good.trimEnd()],
  ["a sample without TYPE", "# HELP a A.\na 1\n"],
  ["a sample without HELP", "# TYPE a gauge\na 1\n"],
  ["two TYPE lines", `# TYPE a gauge\n${good}`],
  ["a series twice", `${good}a 2\n`],
  ["a sample of another family", `${good}b 2\n`],
  ["a family in two parts", `${good}# HELP b B.\n# TYPE b gauge\nb 1\n# TYPE a gauge\na 2\n`],
  ["a quote that is not escaped", `${good}a{x="""} 2\n`],
  ["an unknown escape", `${good}a{x="\\x41"} 2\n`],
  ["the same label twice", `${good}a{x="1",x="2"} 2\n`],
  ["no number", `${good}a{x="1"} 0x10\n`],
  ["a negative counter", "# HELP a_total A.\n# TYPE a_total counter\na_total -1\n"],
  ["a family without samples", `${good}# HELP b B.\n# TYPE b gauge\n`],
  ["no +Inf", `${histogramHead}${bucket("1.0", 1)}h_sum 1\nh_count 1\n`],
  ["sinking", `${histogramHead}${bucket("1.0", 2)}${bucket("+Inf", 1)}h_sum 1\nh_count 1\n`],
  ["a count that differs", `${histogramHead}${bucket("+Inf", 1)}h_sum 1\nh_count 2\n`],
  ["no sum", `${histogramHead}${bucket("+Inf", 1)}h_count 1\n`],
])("the parser refuses %s", (_, text) => {
  expect(() => parseText(text)).toThrow();
});

test("the parser refuses OpenMetrics without EOF, or with counters as in the older format", () => {
  expect(parseText(good).size).toBe(1);
  expect(parseOpenMetrics(`${good}# EOF\n`).size).toBe(1);
  expect(() => parseOpenMetrics(good)).toThrow("EOF");
  const old = "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n# EOF\n";
  expect(() => parseOpenMetrics(old)).toThrow("another family");
  const unit = "# TYPE a gauge\n# UNIT a seconds\n# HELP a A.\na 1\n# EOF\n";
  expect(() => parseOpenMetrics(unit)).toThrow("unit");
});
