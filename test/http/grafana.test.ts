// The Grafana dashboard asks only for metrics and labels that okq has.
import { expect, test } from "bun:test";
import dashboard from "../../src/http/metrics/grafana.json" with { type: "json" };
import { families } from "../../src/http/metrics/reference.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { request, scrape } from "./scrape.ts";

/** Prometheus adds them to all series. */
const ADDED = ["job", "instance"];

interface Target {
  expr: string;
  legendFormat: string;
}

interface Panel {
  id: number;
  title: string;
  targets?: Target[];
}

const panels = dashboard.panels as Panel[];
const targets = panels.flatMap((panel) => panel.targets ?? []);

/** The labels of each name of a sample that some store shows. */
async function servedLabels(): Promise<Map<string, Set<string>>> {
  const served = new Map<string, Set<string>>();
  for (const store of storeNames) {
    const okq = await startOkqOn(store, { httpAddr: "127.0.0.1:0" });
    await ask(await okq.connect(), "QPUSH", "q", "x");
    for (const { samples } of (await scrape(okq)).values()) {
      for (const { name, labels } of samples) {
        const known = served.get(name) ?? new Set(ADDED);
        for (const label of Object.keys(labels)) known.add(label);
        served.set(name, known);
      }
    }
  }
  return served;
}

/** Names of metrics in an expression, and the labels by which each is selected. */
function selectorsIn(expr: string): { name: string; labels: string[] }[] {
  const found = expr.matchAll(/\b((?:okq|process)_\w+)(?:\{([^}]*)\})?/g);
  return [...found].map(([, name, matchers = ""]) => ({
    name: name!,
    labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
  }));
}

/** Labels that an expression groups by. */
function groupingIn(expr: string): string[] {
  return [...expr.matchAll(/\b(?:by|on|without) \(([^)]*)\)/g)].flatMap(([, list]) =>
    list!.split(",").map((label) => label.trim()),
  );
}

test("each expression asks for metrics and labels that okq serves", async () => {
  const served = await servedLabels();
  expect(targets.length).toBeGreaterThan(40);
  for (const { expr, legendFormat } of targets) {
    const selectors = selectorsIn(expr);
    expect([expr, selectors.length > 0]).toEqual([expr, true]);
    const known = new Set<string>();
    for (const { name, labels } of selectors) {
      expect([name, served.has(name)]).toEqual([name, true]);
      for (const label of served.get(name)!) known.add(label);
      expect([expr, labels.filter((label) => !served.get(name)!.has(label))]).toEqual([expr, []]);
    }
    const used = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
    const wrong = [...groupingIn(expr), ...used].filter((label) => !known.has(label));
    expect([expr, wrong]).toEqual([expr, []]);
  }
});

test("the labels of expressions and descriptions are found", () => {
  expect(selectorsIn('a(okq_x_total{queue=~"$queue", b="c"}) / okq_y')).toEqual([
    { name: "okq_x_total", labels: ["queue", "b"] },
    { name: "okq_y", labels: [] },
  ]);
  expect(groupingIn("sum by (le, command) (x) / on (instance) y")).toEqual([
    "le",
    "command",
    "instance",
  ]);
});

test("rates are taken of counters and histograms only, and of each of these", () => {
  const kinds = new Map(families.map(({ name, type }) => [name, type]));
  for (const { expr } of targets) {
    for (const { name } of selectorsIn(expr)) {
      const base = name.replace(/_(total|bucket|sum|count|info)$/, "");
      const isCounting = ["counter", "histogram"].includes(kinds.get(base)!);
      const isRate = new RegExp(`rate\\(${name}\\b`).test(expr);
      expect([expr, name, isRate]).toEqual([expr, name, isCounting]);
    }
  }
});

test("panels have ids and places of their own", () => {
  const ids = panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const places = dashboard.panels.map(({ gridPos: { x, y } }) => `${x} ${y}`);
  expect(new Set(places).size).toBe(places.length);
  expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
});

test("okq serves the dashboard", async () => {
  const okq = await startTestOkq({ httpAddr: "127.0.0.1:0" });
  const response = await request(okq, "/v1/grafana.json");
  expect(response.headers.get("Content-Type")).toBe("application/json");
  expect(await response.json()).toEqual(dashboard);
});
