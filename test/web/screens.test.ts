// How the pages of the dashboard look: takes pictures of them in dist/screens, wide and narrow,
// light and dark, and checks that nothing is wider than the screen.
import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { newPage, openDashboard, useBrowser } from "../support/dashboard.ts";
import type { Wire } from "../support/wire.ts";

useBrowser();

const folder = resolve(import.meta.dir, "../../dist/screens");

const LONG = "a-very-long-name-without-any-blanks-".repeat(6);

const pages: [name: string, path: string, heading: string][] = [
  ["queues", "/queues", "Queues"],
  ["queue", "/queues/orders?state=failed&error=refused", "orders"],
  ["settings", "/queues/orders/settings", "Settings"],
  ["event", "/queues/orders/events/tried", "tried"],
  ["event-hex", "/queues/orders/events/tried?view=hex", "tried"],
  ["failed", "/failed", "Failed, by error"],
  ["consumers", "/consumers", "Consumers"],
  ["cron", "/cron?queue=orders", "Cron and counters"],
  ["server", "/server", "Server"],
];

const looks = [
  { name: "wide-light", viewport: { width: 1600, height: 1000 }, colorScheme: "light" },
  { name: "wide-dark", viewport: { width: 1600, height: 1000 }, colorScheme: "dark" },
  { name: "narrow-light", viewport: { width: 360, height: 740 }, colorScheme: "light" },
  { name: "narrow-dark", viewport: { width: 360, height: 740 }, colorScheme: "dark" },
] as const;

async function fill(wire: Wire): Promise<void> {
  for (const queue of ["orders", "mail", "invoices{7}", "<script>alert(1)</script>", LONG]) {
    for (let at = 0; at < 12; at++) {
      const delay = at % 4 === 0 ? ["DELAY", 60 * (at + 1)] : [];
      await wire.call("QPUSH", queue, JSON.stringify({ order: at }), ...delay);
    }
  }
  await wire.call("QPUSH", "orders", "c", "ID", LONG, "GROUP", LONG);
  await wire.call("QCONFIG", "orders", "keep-completed", "100");
  for (let at = 0; at < 8; at++) {
    const [event] = (await wire.call("QPOP", "AS", "worker-1", "FROM", "orders")) as Buffer[][];
    const [, id, , token] = event!;
    const error = `Error: connect ECONNREFUSED 10.0.0.${at}:5432 (connection refused)`;
    if (at < 5) await wire.call("QFAIL", "orders", id!, token!, "ERROR", error, "FINAL");
    else if (at < 7) await wire.call("QACK", "orders", id!, "TOKEN", token!);
  }
  await wire.call("QPAUSE", "mail");
  await fillOthers(wire);
}

/** An event with a past and its consumer, cron entries and counters. */
async function fillOthers(wire: Wire): Promise<void> {
  const contents = '{"order":12345678901234567890,"customer":"Zoë","items":[{"sku":"x","n":2}]}';
  const headers = ["HEADER", "tenant", "acme", "HEADER", LONG, LONG];
  await wire.call("QPUSH", "orders", contents, "ID", "tried", "PRIORITY", 9, ...headers);
  for (const error of ["no route to host", `Error: ${LONG}\n    at send (mailer.js:88:13)`]) {
    const [event] = (await wire.call("QPOP", "FROM", "orders")) as Buffer[][];
    await wire.call("QFAIL", "orders", "tried", event![3]!, "ERROR", error, "DELAY", 0);
  }
  const [event] = (await wire.call("QPOP", "AS", LONG, "FROM", "orders")) as Buffer[][];
  const reports = ["PROGRESS", "60 %", "LOG", `charged the card of ${LONG}`];
  await wire.call("QTOUCH", "orders", "tried", event![3]!, ...reports);
  await wire.call("QPOP", "AS", "worker-2", "COUNT", 3, "FROM", "invoices{7}", "mail");
  await wire.call("QCRON", "SET", "orders", "daily report", "0 6 * * 1-5", contents);
  await wire.call("QCRON", "SET", "orders", LONG, "*/15 * * * *", LONG);
  await wire.call("QCOUNTER", "INIT", "orders", LONG, 1200);
}

test("no page is wider than the screen", async () => {
  mkdirSync(folder, { recursive: true });
  const { wire, page, open } = await openDashboard("memory");
  await fill(wire);
  await open("/queues");
  const root = new URL(page.url()).origin;
  for (const { name: look, viewport, colorScheme } of looks) {
    const shown = await newPage({ viewport, colorScheme });
    for (const [name, path, heading] of pages) {
      await shown.goto(root + path);
      await shown.getByRole("heading", { name: heading, level: 1 }).waitFor();
      await shown.getByText("Loading…").first().waitFor({ state: "detached" });
      await shown.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: true });
      const width = await shown.evaluate("document.documentElement.scrollWidth");
      expect([name, look, Number(width) <= viewport.width]).toEqual([name, look, true]);
    }
  }
}, 120_000);

test("the keyboard alone is enough", async () => {
  const { wire, page, open } = await openDashboard("memory");
  await fill(wire);
  await open("/queues?match=orders");
  await page.getByRole("link", { name: "orders" }).waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the contents");
  await page.keyboard.press("Enter");
  expect(await page.evaluate("document.activeElement.id")).toBe("main");
  const focused = () => page.evaluate("document.activeElement.getAttribute('aria-label')");
  for (let at = 0; at < 30 && (await focused()) !== "Pause orders…"; at++) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await focused()).toBe("Pause orders…");
});
