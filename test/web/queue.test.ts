// The dashboard's page of one queue, in a browser.
import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import {
  dashboardStores,
  dialogOf,
  openDashboard,
  row,
  rowsAre,
  seen,
  useBrowser,
} from "../support/dashboard.ts";
import { eventuallyEqual } from "../support/eventually.ts";
import type { Wire } from "../support/wire.ts";

useBrowser();

/** Pushes events that fail for good, with these errors: their ids are e0, e1 and so on. */
async function fail(wire: Wire, ...errors: string[]): Promise<void> {
  for (const [at, error] of errors.entries()) await failAs(wire, `e${at}`, error, at);
}

async function failAs(wire: Wire, id: string, error: string, at = 0): Promise<void> {
  const options = ["ID", id, "HEADER", "tenant", `t${at % 2}`];
  await wire.call("QPUSH", "orders", `contents ${at}`, ...options);
  const [event] = (await wire.call("QPOP", "FROM", "orders")) as Buffer[][];
  await wire.call("QFAIL", "orders", event![1]!, event![3]!, "ERROR", error, "FINAL");
}

async function idsIn(wire: Wire, queue: string, state: string): Promise<string[]> {
  const [, events] = (await wire.call("QLIST", queue, "STATE", state)) as Buffer[][][];
  return events!.map((event) => String(event[1])).toSorted();
}

async function cells(page: Page, column: string): Promise<string[]> {
  return await page.locator(`tbody td[data-title="${column}"]`).allInnerTexts();
}

async function press(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole("button", { name }).click();
}

describe.each(dashboardStores)("on %s", (store) => {
  test("shows the events of each state in a tab", async () => {
    const { wire, page, open } = await openDashboard(store);
    await fail(wire, "no route to host");
    await wire.call("QPUSH", "orders", "c", "ID", "first", "PRIORITY", 5);
    await wire.call("QPOP", "AS", "worker-7", "FROM", "orders");
    await wire.call("QPUSH", "orders", "c", "ID", "second", "GROUP", "tenant-1");
    await wire.call("QPUSH", "orders", "c", "ID", "later", "DELAY", 7200);
    await open("/queues/orders");
    await rowsAre(page, "Id", ["second"]);
    await rowsAre(page, "Group", ["tenant-1"]);
    await page.getByRole("link", { name: "delayed 1" }).click();
    await rowsAre(page, "Id", ["later"]);
    expect(await cells(page, "Due")).toEqual([expect.stringMatching(/^in (2 h|1 h 59 min)/)]);
    await page.getByRole("link", { name: "claimed 1" }).click();
    await rowsAre(page, "Id", ["first"]);
    await rowsAre(page, "Claimed by", ["worker-7"]);
    await rowsAre(page, "Contents", ["c"]);
    expect(await cells(page, "Since")).toEqual([expect.stringMatching(/ ago$|^now$/)]);
    expect(await cells(page, "Lease ends")).toEqual([expect.stringMatching(/^in /)]);
    await page.getByRole("link", { name: "failed 1" }).click();
    await rowsAre(page, "Last error", ["no route to host"]);
    for (const column of ["Pushed", "Failed"]) {
      expect(await cells(page, column)).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d /)]);
    }
    await page.reload();
    await rowsAre(page, "Id", ["e0"]);
    await page.getByRole("link", { name: "completed 0" }).click();
    await seen(page, "No event is completed.");
  });

  test("draws charts of the last hour and day", async () => {
    const { wire, page, open } = await openDashboard(store);
    for (const id of ["a", "b", "c"]) await wire.call("QPUSH", "orders", "c", "ID", id);
    await open("/queues/orders");
    const chart = (title: string) => page.getByRole("figure").filter({ hasText: title });
    await chart("Events").getByText("ready 3").waitFor();
    await chart("Coming and going").getByText("pushed 3 / min").waitFor();
    await press(page, "Last day");
    await chart("Coming and going").getByText("pushed 3 / 10 min").waitFor();
    await chart("Events").getByRole("group").focus();
    await page.keyboard.press("ArrowLeft");
    // One step before the first event nothing is known.
    await page.keyboard.press("ArrowLeft");
    await chart("Events").getByText("ready –").waitFor();
    await open("/queues");
    await row(page, "orders").locator("svg").waitFor();
  });

  test("searches by id, error, header, contents and group", async () => {
    const { wire, page, open } = await openDashboard(store);
    await fail(wire, "timeout after 3 s", "no route", "timeout after 5 s");
    await open("/queues/orders?state=failed");
    await rowsAre(page, "Id", ["e2", "e1", "e0"]);
    await page.getByText("Search", { exact: true }).click();
    await page.getByLabel("Last error").fill("timeout");
    await rowsAre(page, "Id", ["e2", "e0"]);
    await page.getByLabel("Id", { exact: true }).fill("e*0");
    await rowsAre(page, "Id", ["e0"]);
    await press(page, "Clear the search");
    await page.getByLabel("Header", { exact: true }).fill("tenant");
    await page.getByLabel("Value of the header").fill("t1");
    await rowsAre(page, "Id", ["e1"]);
    await open("/queues/orders?state=failed&contains=contents+2");
    await rowsAre(page, "Id", ["e2"]);
    await open("/queues/orders?state=failed&group=none");
    await seen(page, "No event fits.");
  });

  test("groups failed events by their error", async () => {
    const { wire, page, open } = await openDashboard(store);
    await fail(wire, "timeout after 3 s", "no [route]?", "timeout after 5 s");
    await open("/queues/orders?state=failed");
    await page.getByText("By error").click();
    await page.getByRole("link", { name: "timeout after * s" }).click();
    await rowsAre(page, "Id", ["e2", "e0"]);
    await page.goBack();
    await page.getByRole("link", { name: "no" }).click();
    await rowsAre(page, "Id", ["e1"]);
  });

  test("deletes all that fit a search, after it has counted them", async () => {
    const { wire, page, open } = await openDashboard(store);
    await fail(wire, "timeout", "other", "timeout");
    await open("/queues/orders?state=failed&error=timeout");
    await press(page, "Delete all that fit…");
    await press(page, "Delete 2 failed events");
    await seen(page, "2 events deleted.");
    expect(await idsIn(wire, "orders", "failed")).toEqual(["e1"]);
  });
});

test("shows the beginning of the contents of each event, in one line and as text", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  const all = ["<b>one</b>\n  two\0", "é".repeat(300), Buffer.from([0, 255, 1]), ""];
  for (const contents of all) await wire.call("QPUSH", "orders", contents);
  await open("/queues/orders");
  const shown = ["<b>one</b> two\\x00", `${"é".repeat(100)}…`, "00 ff 01", ""];
  await rowsAre(page, "Contents", shown);
  await open("/queues/orders?match=*");
  await rowsAre(page, "Contents", shown);
});

test("says that there is nothing yet, and offers nothing for no events", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await open("/queues/orders");
  await seen(page, /^Nothing here yet/);
  for (const name of ["Purge orders…", "Move all that fit…", "Delete all that fit…"]) {
    expect(await page.getByRole("button", { name }).isDisabled()).toBe(true);
  }
  await wire.call("QPUSH", "orders", "c", "ID", "e1");
  await rowsAre(page, "Id", ["e1"]);
  await page.getByText("Nothing here yet").waitFor({ state: "detached" });
  await eventuallyEqual(() => page.getByRole("button", { name: "Purge" }).isEnabled(), true);
  expect(await page.getByRole("button", { name: "Delete all that fit…" }).isEnabled()).toBe(true);
});

test("retries the selected events", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await fail(wire, "a", "b", "c");
  await open("/queues/orders?state=failed");
  await page.getByLabel("Select e0").check();
  await page.getByLabel("Select e2").check();
  await press(page, "Retry the selected…");
  await press(page, "Retry 2 failed events");
  await seen(page, "2 events retried.");
  expect(await idsIn(wire, "orders", "ready")).toEqual(["e0", "e2"]);
  await rowsAre(page, "Id", ["e1"]);
});

test("changes no more events than it said, whatever comes in between", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await fail(wire, "timeout", "timeout");
  await open("/queues/orders?state=failed&error=timeout");
  await press(page, "Delete all that fit…");
  await dialogOf(page).getByRole("button", { name: "Delete 2 failed events" }).waitFor();
  await failAs(wire, "late", "timeout");
  await press(page, "Delete 2 failed events");
  await seen(page, "2 events deleted.");
  expect((await idsIn(wire, "orders", "failed")).length).toBe(1);
});

test("moves all events of a state to another queue", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  for (const id of ["a", "b", "c"]) await wire.call("QPUSH", "orders", "c", "ID", id);
  await open("/queues/orders");
  await press(page, "Move all that fit…");
  await dialogOf(page).getByLabel("To the queue").fill("archive");
  await press(page, "Move 3 ready events");
  await seen(page, "3 events moved.");
  expect(await idsIn(wire, "archive", "ready")).toEqual(["a", "b", "c"]);
});

test("pushes an event with all that was given", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await wire.call("QPUSH", "orders", "first");
  await open("/queues/orders");
  await press(page, "Push an event");
  const dialog = dialogOf(page);
  await dialog.getByLabel("Contents").fill('{"big": 12345678901234567890}\n<script>');
  await dialog.getByLabel(/^Id/).fill("mine");
  await dialog.getByLabel(/^Priority/).fill("7");
  await dialog.getByLabel(/^Headers/).fill("tenant: a:b\ncolour: red");
  await dialog.getByRole("button", { name: "Push" }).click();
  await seen(page, "Pushed mine.");
  await rowsAre(page, "Id", ["mine", await firstId(wire)]);
  const [event] = (await wire.call("QPOP", "FROM", "orders")) as unknown[][];
  expect(String(event![2])).toBe('{"big": 12345678901234567890}\n<script>');
  expect((event![5] as Buffer[]).map(String)).toEqual(["tenant", "a:b", "colour", "red"]);
});

test("pushes a megabyte of text", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  const contents = "\u202E<b>\0日本 \u{1F600} and the rest of the line\n".repeat(20_000);
  await open("/queues/orders");
  await press(page, "Push an event");
  // As if pasted: Chromium takes very long to type so much.
  await page.evaluate(`{
    const field = document.querySelector("dialog textarea");
    field.value = ${JSON.stringify(contents)};
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }`);
  await dialogOf(page).getByRole("button", { name: "Push" }).click();
  await seen(page, /^Pushed /);
  const [event] = (await wire.call("QPOP", "FROM", "orders")) as Buffer[][];
  expect(event![2]!.equals(Buffer.from(contents))).toBe(true);
});

test("shows why a push was refused, and keeps what was typed", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await wire.call("QPUSH", "orders", "first", "ID", "taken");
  await open("/queues/orders");
  await press(page, "Push an event");
  await dialogOf(page).getByLabel("Contents").fill("second");
  await dialogOf(page).getByLabel(/^Id/).fill("taken");
  await dialogOf(page).getByRole("button", { name: "Push" }).click();
  await dialogOf(page).getByRole("alert").filter({ hasText: "DUPLICATE taken" }).waitFor();
  expect(await dialogOf(page).getByLabel("Contents").inputValue()).toBe("second");
});

test("changes settings, and takes them back", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await wire.call("QPUSH", "orders", "first");
  await open("/queues/orders");
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("max-attempts").fill("7");
  await page.getByLabel("lease", { exact: true }).fill("soon");
  await press(page, "Save 2 changes");
  await page.getByRole("alert").filter({ hasText: "lease" }).waitFor();
  await page.getByLabel("lease", { exact: true }).fill("30");
  await press(page, "Save 1 change");
  await seen(page, "1 setting changed.");
  expect(await settingOf(wire, "max-attempts")).toBe("7");
  await press(page, "Use the default");
  await eventuallyEqual(() => settingOf(wire, "max-attempts"), "0");
  await eventuallyEqual(() => page.getByLabel("max-attempts").inputValue(), "0");
});

test("shows hostile ids, errors and headers as text", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  const error = "<img src=x onerror=alert(1)>\0\u202Eabc";
  const ids = ["<script>alert(1)</script>", "nul\0", "a/b?c#d%2F", "x".repeat(200)];
  for (const id of ids) {
    await wire.call("QPUSH", "orders", "c", "ID", id, "GROUP", "<b>", "HEADER", "<i>", "<u>");
    const [event] = (await wire.call("QPOP", "FROM", "orders")) as Buffer[][];
    await wire.call("QFAIL", "orders", event![1]!, event![3]!, "ERROR", error, "FINAL");
  }
  await open("/queues/orders?state=failed&order=reverse");
  const shown = ["<script>alert(1)</script>", "nul\\x00", "a/b?c#d%2F", "x".repeat(200)];
  await rowsAre(page, "Id", shown);
  await row(page, "nul").getByText("<img src=x onerror=alert(1)>\\x00\\u{202e}abc").waitFor();
  await page.getByLabel("Select nul\\x00").check();
  await press(page, "Delete the selected…");
  await press(page, "Delete 1 failed event");
  await seen(page, "1 event deleted.");
  expect(await idsIn(wire, "orders", "failed")).not.toContain("nul\0");
});

async function firstId(wire: Wire): Promise<string> {
  return (await idsIn(wire, "orders", "ready")).find((id) => id !== "mine")!;
}

async function settingOf(wire: Wire, name: string): Promise<string> {
  const settings = (await wire.call("QCONFIG", "orders")) as Buffer[];
  return String(settings[settings.findIndex((each) => String(each) === name) + 1]);
}
