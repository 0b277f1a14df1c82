// The dashboard's page of the server, in a browser.
import { expect, test } from "bun:test";
import { dashboardStores, openDashboard, seen, useBrowser } from "../support/dashboard.ts";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

useBrowser();

test.each([...dashboardStores, "memory"] as const)("shows the store %s", async (store) => {
  const { wire, page, open } = await openDashboard(store);
  await wire.call("QPUSH", "orders", "c");
  await open("/server");
  const panel = page.getByRole("region", { name: "Store" });
  await panel.getByText(store, { exact: true }).waitFor();
  const texts = {
    sqlite: "Changes are synced to disk before they are answered.",
    redis: "No replica is waited for.",
    memory: "Queues are in memory only",
  };
  await panel.getByText(texts[store]).waitFor();
  await page.getByText("Options", { exact: true }).click();
  await seen(page, "max-event-bytes");
});

test("shows limits that were reached", async () => {
  const { okq, page, open } = await openDashboard("sqlite", { maxClients: 20 });
  await open("/server");
  const refused = page.locator("div:has(> dt:text-is('Clients refused: too many')) > dd");
  await eventuallyEqual(() => refused.innerText(), "0");
  const clients = await Promise.all(Array.from({ length: 30 }, () => okq.connect()));
  await Promise.all(clients.map((client) => client.call("PING").catch(() => null)));
  for (const client of clients) client.close();
  await eventually(async () => Number(await refused.innerText()) >= 10);
});

test("shows how fast events come", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await open("/server");
  const pushed = page.locator("div:has(> dt:text-is('pushed per s')) > dd");
  const contents = Array.from({ length: 500 }, () => "c");
  await eventually(async () => {
    await wire.call("QMPUSH", "orders", "EVENTS", ...contents);
    return /[1-9]/.test(await pushed.innerText());
  });
});

test("tells the options only to those who may see them", async () => {
  const users = writeUsers("root all *", "viewer inspect *");
  const { page, open } = await openDashboard("memory", { users: users.path });
  await open("/server");
  await page.getByLabel("User").fill("viewer");
  await page.getByLabel("Password").fill(passwordOf("viewer"));
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("Memory", { exact: true }).waitFor();
  expect(await page.getByText("Options", { exact: true }).count()).toBe(0);
});
