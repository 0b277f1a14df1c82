// The dashboard's page of all that failed by error, in a browser.
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
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useBrowser();

/** Pushes an event that fails with that error. */
async function fail(
  wire: Wire,
  queue: string,
  id: string,
  error: string | Buffer,
  ...options: (string | number)[]
): Promise<void> {
  await wire.call("QPUSH", queue, "c", "ID", id, "RIGHT");
  const [event] = (await wire.call("QPOP", "FROM", queue)) as Buffer[][];
  await wire.call("QFAIL", queue, id, event![3]!, "ERROR", error, ...options);
}

async function idsIn(wire: Wire, queue: string, state: string): Promise<string[]> {
  const [, events] = (await wire.call("QLIST", queue, "STATE", state)) as Buffer[][][];
  return events!.map((event) => String(event[1])).toSorted();
}

describe.each(dashboardStores)("on %s", (store) => {
  test("groups the events of all queues by their error", async () => {
    const { wire, page, open } = await openDashboard(store);
    await fail(wire, "orders", "o1", "timeout after 3 s", "FINAL");
    await fail(wire, "orders", "o2", "timeout after 30 s", "DELAY", 3600);
    await fail(wire, "mail", "m1", "timeout after 5 s", "FINAL");
    await fail(wire, "mail", "m2", "C:\\temp is full", "FINAL");
    await open("/failed");
    await rowsAre(page, "Events", ["3", "1"]);
    await row(page, "timeout after * s").getByText("orders").waitFor();
    await row(page, "C:\\temp is full").getByRole("link", { name: "m2" }).waitFor();
    await fail(wire, "mail", "m3", "C:\\temp is full", "FINAL");
    await fail(wire, "mail", "m4", "C:\\temp is full", "FINAL");
    await fail(wire, "mail", "m5", "C:\\temp is full", "FINAL");
    await rowsAre(page, "Events", ["4", "3"]);
    await row(page, "timeout").getByRole("link", { name: "orders" }).click();
    await page.getByRole("heading", { name: "orders", level: 1 }).waitFor();
    await rowsAre(page, "Id", ["o1"]);
  });

  test("deletes all of an error in all queues, but not what is tried again", async () => {
    const { wire, page, open } = await openDashboard(store);
    await fail(wire, "orders", "o1", "[bad] 1 \\ 2?", "FINAL");
    await fail(wire, "orders", "o2", "[bad] 5 \\ 6?", "DELAY", 3600);
    await fail(wire, "mail", "m1", "[bad] 7 \\ 8?", "FINAL");
    await fail(wire, "mail", "m2", "other", "FINAL");
    await open("/failed");
    await row(page, "[bad] * \\ *?")
      .getByRole("button", { name: /^Delete/ })
      .click();
    await dialogOf(page).getByRole("button", { name: "Delete 2 events in 2 queues" }).click();
    await seen(page, "2 events deleted.");
    expect(await idsIn(wire, "orders", "failed")).toEqual([]);
    expect(await idsIn(wire, "orders", "delayed")).toEqual(["o2"]);
    expect(await idsIn(wire, "mail", "failed")).toEqual(["m2"]);
  });
});

test("retries all of an error in all queues, after it has counted them", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await fail(wire, "orders", "o1", "timeout after 3 s", "FINAL");
  await fail(wire, "orders", "o2", "timeout after 30 s", "DELAY", 3600);
  await fail(wire, "orders", "o3", "other", "FINAL");
  await fail(wire, "mail", "m1", "timeout after 5 s", "FINAL");
  await wire.call("QPUSH", "mail", "c", "ID", "later", "DELAY", 600);
  await open("/failed");
  await row(page, "timeout")
    .getByRole("button", { name: /^Retry/ })
    .click();
  await dialogOf(page).getByText("1 delayed").waitFor();
  await dialogOf(page).getByRole("button", { name: "Retry 3 events in 2 queues" }).click();
  await seen(page, "3 events retried.");
  expect(await idsIn(wire, "orders", "ready")).toEqual(["o1", "o2"]);
  expect(await idsIn(wire, "mail", "ready")).toEqual(["m1"]);
  expect(await idsIn(wire, "orders", "failed")).toEqual(["o3"]);
  await rowsAre(page, "Events", ["1"]);
});

test("shows hostile errors and ids as text, and deletes errors of any bytes", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  const id = "<img src=x onerror=alert(1)>";
  await fail(wire, "orders", id, "<script>alert(2)</script>\0\u202Ex", "FINAL");
  await fail(wire, "orders", "bytes", Buffer.from([0xff, 0xfe]), "FINAL");
  await fail(wire, "orders", "long", "x".repeat(4096), "FINAL");
  await open("/failed");
  await seen(page, "<script>alert(*)</script>\\x00\\u{202e}x");
  await row(page, "<script>").getByRole("link", { name: id }).waitFor();
  await row(page, "\\xff\\xfe")
    .getByRole("button", { name: /^Delete/ })
    .click();
  await dialogOf(page).getByRole("button", { name: "Delete 1 event in 1 queue" }).click();
  await seen(page, "1 event deleted.");
  expect(await idsIn(wire, "orders", "failed")).toEqual([id, "long"].toSorted());
});

test("names the queues of an error that many have", async () => {
  const { wire, page, open } = await openDashboard("memory");
  for (let at = 0; at < 12; at++) await fail(wire, `q${at}`, "e", "no route", "FINAL");
  await open("/failed");
  await rowsAre(page, "Events", ["12"]);
  await page.getByText("9 other queues").click();
  await page.getByRole("link", { name: "q9" }).waitFor();
});

test("offers nothing to those who may only look", async () => {
  const users = writeUsers("root all *", "viewer inspect mail*");
  const { wire, page, open } = await openDashboard("sqlite", { users: users.path });
  await wire.call("AUTH", "root", passwordOf("root"));
  await fail(wire, "orders", "o1", "no route", "FINAL");
  await fail(wire, "mail", "m1", "no route", "FINAL");
  await open("/failed");
  await page.getByLabel("User").fill("viewer");
  await page.getByLabel("Password").fill(passwordOf("viewer"));
  await page.getByRole("button", { name: "Log in" }).click();
  await rowsAre(page, "Events", ["1"]);
  expect(await page.getByRole("button", { name: /^(Retry|Delete)/ }).count()).toBe(0);
});
