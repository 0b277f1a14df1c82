// The dashboard's page of cron entries and counters, in a browser.
import { describe, expect, test } from "bun:test";
import {
  dashboardStores,
  dialogOf,
  openDashboard,
  row,
  rowsAre,
  seen,
  useBrowser,
} from "../support/dashboard.ts";
import { ask } from "../support/readable.ts";

useBrowser();

describe.each(dashboardStores)("on %s", (store) => {
  test("shows the cron entries of all queues or of one, and when they are next", async () => {
    const { wire, page, open } = await openDashboard(store);
    const options = ["TZ", "Europe/Berlin", "CATCHUP", "ONE"];
    await wire.call("QCRON", "SET", "mail", "daily", "0 6 * * *", '{"a":1}', ...options);
    await wire.call("QCRON", "SET", "orders", "<b>\0", "*/15 * * * *", "<script>alert(1)</script>");
    await open("/cron");
    await rowsAre(page, "Name", ["daily", "<b>\\x00"]);
    await rowsAre(page, "When", ["0 6 * * * Europe/Berlin", "*/15 * * * * UTC"]);
    await rowsAre(page, "Contents", ['{"a":1}', "<script>alert(1)</script>"]);
    await rowsAre(page, "Missed times", ["made up once", "skipped"]);
    await row(page, "<b>")
      .getByText(/^in \d/)
      .waitFor();
    await page.getByLabel(/Of one queue/).fill("mail");
    await rowsAre(page, "Name", ["daily"]);
    await page.getByLabel(/Of one queue/).fill("none");
    await seen(page, "The queue has no cron entry.");
  });

  test("shows many counters in pages", async () => {
    const { wire, page, open } = await openDashboard(store);
    const keys = Array.from({ length: 130 }, (_, at) => `k${String(at).padStart(3, "0")}`);
    wire.pipeline(...keys.map((key) => ["QCOUNTER", "INIT", "orders", key, 5]));
    await wire.take(keys.length);
    await open("/cron?queue=orders");
    await rowsAre(page, "Key", keys.slice(0, 100));
    await page.getByRole("button", { name: "Next page" }).click();
    await rowsAre(page, "Key", keys.slice(100));
  });
});

test("runs and deletes a cron entry", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await wire.call("QCRON", "SET", "mail", "daily", "0 6 * * *", "contents");
  await open("/cron");
  await page.getByRole("button", { name: "Run daily now" }).click();
  await dialogOf(page).getByRole("button", { name: "Push 1 event" }).click();
  await seen(page, /^Pushed daily@\d+\./);
  expect((await wire.call("QPOP", "FROM", "mail")) as unknown[]).toHaveLength(1);
  await page.getByRole("button", { name: "Delete daily" }).click();
  await dialogOf(page).getByRole("button", { name: "Delete 1 cron entry" }).click();
  await seen(page, "daily is deleted.");
  await seen(page, "There are no cron entries.");
  expect(await wire.call("QCRON", "LIST")).toEqual([]);
});

test("adds a cron entry, and says what is wrong with a spec", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await open("/cron?queue=mail");
  await page.getByRole("button", { name: "Add a cron entry" }).click();
  const dialog = dialogOf(page);
  expect(await dialog.getByLabel("Queue").inputValue()).toBe("mail");
  await dialog.getByLabel("Name").fill("every");
  await dialog.getByLabel(/^Minute/).fill("99 * * * *");
  await dialog.getByLabel("Time zone").fill("Europe/Berlin");
  await dialog.getByLabel(/^Contents/).fill("<b>contents</b>");
  await dialog.getByLabel(/^If no okq ran/).check();
  await dialog.getByRole("button", { name: "Set 1 cron entry" }).click();
  await dialog.getByRole("alert").filter({ hasText: "99" }).waitFor();
  await dialog.getByLabel(/^Minute/).fill("*/5 * * * *");
  await dialog.getByRole("button", { name: "Set 1 cron entry" }).click();
  await seen(page, "every is set.");
  await rowsAre(page, "Name", ["every"]);
  const [entry] = (await ask(wire, "QCRON", "LIST", "mail")) as string[][];
  for (const part of ["*/5 * * * *", "Europe/Berlin", "one", "<b>contents</b>"]) {
    expect(entry).toContain(part);
  }
});

test("shows the counters of a queue, and deletes one", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await wire.call("QCOUNTER", "INIT", "orders", "import", 1200);
  await wire.call("QCOUNTER", "DONE", "orders", "import", "m1");
  await wire.call("QCOUNTER", "INIT", "orders", "<i>\0", 3);
  await open("/cron");
  await seen(page, "Name a queue above to see its counters.");
  await page.getByLabel(/Of one queue/).fill("orders");
  await rowsAre(page, "Key", ["<i>\\x00", "import"]);
  await rowsAre(page, "Left", ["3", "1,199"]);
  await page.getByRole("button", { name: "Delete <i>" }).click();
  await dialogOf(page).getByRole("button", { name: "Delete 1 counter" }).click();
  await seen(page, "<i>\\x00 is deleted.");
  await rowsAre(page, "Key", ["import"]);
});

test("shows many cron entries in pages", async () => {
  const { wire, page, open } = await openDashboard("memory");
  const names = Array.from({ length: 130 }, (_, at) => `c${String(at).padStart(3, "0")}`);
  wire.pipeline(...names.map((name) => ["QCRON", "SET", "orders", name, "0 6 * * *", "c"]));
  await wire.take(names.length);
  await open("/cron");
  await rowsAre(page, "Name", names.slice(0, 100));
  await page.getByRole("button", { name: "Next page" }).click();
  await rowsAre(page, "Name", names.slice(100));
  await seen(page, "101 to 130 of 130 entries");
});

test("offers no changes while okq is read-only over HTTP", async () => {
  const { wire, page, open } = await openDashboard("memory", { httpReadOnly: true });
  await wire.call("QCRON", "SET", "orders", "daily", "0 6 * * *", "c");
  await wire.call("QCOUNTER", "INIT", "orders", "import", 5);
  await open("/cron?queue=orders");
  await rowsAre(page, "Name", ["daily"]);
  await rowsAre(page, "Key", ["import"]);
  expect(await page.getByRole("button", { name: /^(Run|Delete|Add)/ }).count()).toBe(0);
});
