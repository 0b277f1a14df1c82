// The dashboard's page of all queues, in a browser.
import { describe, expect, test } from "bun:test";
import { eventuallyEqual } from "../support/eventually.ts";
import {
  dashboardStores,
  dialogOf,
  openDashboard,
  rowsAre,
  seen,
  useBrowser,
} from "../support/dashboard.ts";
import type { Wire } from "../support/wire.ts";

useBrowser();

async function push(wire: Wire, queue: string | Buffer, count: number): Promise<void> {
  const contents = Array.from({ length: count }, (_, at) => `contents ${at}`);
  await wire.call("QMPUSH", queue, "EVENTS", ...contents);
}

async function pausedOf(wire: Wire, queue: string): Promise<unknown> {
  const stats = (await wire.call("QSTATS", queue)) as unknown[];
  return String(stats[stats.findIndex((each) => String(each) === "paused") + 1]);
}

describe.each(dashboardStores)("on %s", (store) => {
  test("shows the counts of each queue, and follows what happens", async () => {
    const { wire, page, open } = await openDashboard(store);
    await push(wire, "orders", 3);
    await push(wire, "mail", 1);
    await wire.call("QPOP", "FROM", "orders");
    await open("/");
    await rowsAre(page, "Queue", ["mail", "orders"]);
    await rowsAre(page, "Ready", ["1", "2"]);
    await rowsAre(page, "Claimed", ["0", "1"]);
    expect(new URL(page.url()).pathname).toBe("/queues");
    await push(wire, "mail", 999);
    await push(wire, "mail", 235);
    await rowsAre(page, "Ready", ["1,235", "2"]);
  });

  test("shows many queues in pages, and sorts all of them", async () => {
    const { wire, page, open } = await openDashboard(store);
    const names = Array.from({ length: 120 }, (_, at) => `q${String(at).padStart(3, "0")}`);
    wire.pipeline(...names.map((name) => ["QPUSH", name, "contents"]));
    await wire.take(names.length);
    await push(wire, "q077", 5);
    await open("/queues");
    await rowsAre(page, "Queue", names.slice(0, 50));
    await page.getByRole("button", { name: "Next page" }).click();
    await rowsAre(page, "Queue", names.slice(50, 100));
    await page.getByRole("button", { name: "Next page" }).click();
    await rowsAre(page, "Queue", names.slice(100));
    await page.goBack();
    await rowsAre(page, "Queue", names.slice(50, 100));
    await page.getByRole("button", { name: "Ready" }).click();
    await seen(page, "1 to 50 of 120 queues, sorted");
    await rowsAre(page, "Queue", ["q077", ...names.filter((name) => name !== "q077").slice(0, 49)]);
    await page.getByRole("button", { name: "Next page" }).click();
    await seen(page, "51 to 100 of 120 queues, sorted");
  });
});

test("pauses and resumes a queue", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await push(wire, "orders", 1);
  await open("/queues");
  await page.getByRole("button", { name: "Pause orders" }).click();
  await dialogOf(page).getByLabel("Both").check();
  await dialogOf(page).getByRole("button", { name: "Pause" }).click();
  await seen(page, "orders is paused.");
  expect(await pausedOf(wire, "orders")).toBe("all");
  await page.getByRole("button", { name: "Resume orders" }).click();
  await dialogOf(page).getByRole("button", { name: "Resume" }).click();
  await seen(page, "orders goes on.");
  expect(await pausedOf(wire, "orders")).toBe("no");
});

test("purges a state of a queue, and says how many events go", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await push(wire, "orders", 12);
  await wire.call("QPUSH", "orders", "later", "DELAY", 600);
  await open("/queues");
  await page.getByRole("button", { name: "Purge orders" }).click();
  await dialogOf(page).getByRole("button", { name: "Remove 12 ready events" }).click();
  await seen(page, "12 events removed from orders.");
  await rowsAre(page, "Ready", ["0"]);
  await rowsAre(page, "Delayed", ["1"]);
});

test("does nothing when a dialog is cancelled", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await push(wire, "orders", 2);
  await open("/queues");
  await page.getByRole("button", { name: "Purge orders" }).click();
  await dialogOf(page).getByRole("button", { name: "Cancel" }).click();
  await dialogOf(page).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Purge orders" }).click();
  await dialogOf(page).waitFor();
  await page.keyboard.press("Escape");
  await dialogOf(page).waitFor({ state: "detached" });
  await rowsAre(page, "Ready", ["2"]);
});

test("filters by a part of the name, and keeps it in the URL", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  for (const queue of ["mail", "mail-fast", "orders"]) await push(wire, queue, 1);
  await open("/queues");
  await page.getByLabel(/Filter by name/).fill("mail");
  await rowsAre(page, "Queue", ["mail", "mail-fast"]);
  await eventuallyEqual(() => new URL(page.url()).search, "?match=mail");
  await page.reload();
  await rowsAre(page, "Queue", ["mail", "mail-fast"]);
  await page.getByLabel(/Filter by name/).fill("*s");
  await rowsAre(page, "Queue", ["orders"]);
  await page.getByLabel(/Filter by name/).fill("nothing");
  await seen(page, "No queue has such a name.");
});

test("shows hostile names as text, and opens their queues", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  const names: [string | Buffer, string][] = [
    ["<script>alert(1)</script>", "<script>alert(1)</script>"],
    ['"><img src=x onerror=alert(2)>', '"><img src=x onerror=alert(2)>'],
    ["nul\0name", "nul\\x00name"],
    ["\u202Egpj.exe", "\\u{202e}gpj.exe"],
    ["a/b?c#d%2F&e=f", "a/b?c#d%2F&e=f"],
    [Buffer.from([0xff, 0xfe, 0x41]), "\\xff\\xfeA"],
    ["line\nbreak\u2028", "line\\x0abreak\\u{2028}"],
    ["日本語", "日本語"],
  ];
  for (const [name] of names) await push(wire, name, 1);
  for (const [, shown] of names) {
    await open("/queues");
    await page.getByRole("link", { name: shown, exact: true }).click();
    await page.getByRole("heading", { name: shown, exact: true, level: 1 }).waitFor();
    await page.getByRole("link", { name: "ready 1" }).waitFor();
  }
});
