// The dashboard's page of one event, in a browser.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import {
  dashboardStores,
  dialogOf,
  newPage,
  openDashboard,
  row,
  seen,
  useBrowser,
} from "../support/dashboard.ts";
import { eventuallyEqual } from "../support/eventually.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { newDatabase } from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useBrowser();

const PATH = "/queues/orders/events/e1";

async function factsOf(wire: Wire, id = "e1", queue = "orders"): Promise<Record<string, Readable>> {
  const flat = ((await ask(wire, "QGET", queue, id)) ?? []) as Readable[];
  const names = flat.filter((_, at) => at % 2 === 0) as string[];
  return Object.fromEntries(names.map((name, at) => [name, flat[2 * at + 1]!]));
}

async function stateOf(wire: Wire, id = "e1", queue = "orders"): Promise<Readable> {
  return (await factsOf(wire, id, queue))["state"] ?? null;
}

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click();
}

/** Presses a button of the page, and then the one of its dialog. */
async function act(page: Page, name: string, confirm: string): Promise<void> {
  await press(page, name);
  await dialogOf(page).getByRole("button", { name: confirm, exact: true }).click();
}

/** Pops the only event and lets it fail. */
async function fail(wire: Wire, error: string, ...options: (string | number)[]): Promise<void> {
  const [event] = (await wire.call("QPOP", "FROM", "orders")) as Buffer[][];
  await wire.call("QFAIL", "orders", event![1]!, event![3]!, "ERROR", error, ...options);
}

function contents(page: Page): Promise<string> {
  return page.getByRole("region", { name: "Contents" }).locator("pre").innerText();
}

async function moments(page: Page): Promise<string[]> {
  return await page.getByRole("region", { name: "Timeline" }).locator("li b").allInnerTexts();
}

describe.each(dashboardStores)("on %s", (store) => {
  test("shows attempts with their errors, who holds it and since when", async () => {
    const { wire, page, open } = await openDashboard(store);
    const options = ["ID", "e1", "HEADER", "tenant", "acme", "ATTEMPTS", 5];
    await wire.call("QPUSH", "orders", "c", ...options);
    await fail(wire, "no route", "DELAY", 0);
    await fail(wire, "first line\n  second line", "DELAY", 0);
    await wire.call("QPOP", "AS", "worker-7", "LEASE", 600, "FROM", "orders");
    await open(PATH);
    await page.getByRole("heading", { name: "e1", level: 1 }).waitFor();
    await seen(page, "3 / 5");
    await page.getByRole("region", { name: "Claim" }).getByText("worker-7").waitFor();
    await row(page, "tenant").getByText("acme").waitFor();
    expect(await moments(page)).toEqual([
      "Pushed",
      "Attempt 1 failed",
      "Attempt 2 failed",
      "Claimed: attempt 3 is under way",
      "The lease ends, unless the consumer extends it",
    ]);
    const errors = page.getByRole("region", { name: "Timeline" }).locator("pre");
    expect(await errors.allInnerTexts()).toEqual(["no route", "first line\n  second line"]);
    await page.getByRole("link", { name: "worker-7" }).click();
    await page.getByRole("heading", { name: "worker-7", level: 1 }).waitFor();
    await page.getByRole("link", { name: "e1" }).waitFor();
  });

  test("ends a claim in each way, and asks a consumer to stop", async () => {
    const { wire, page, open } = await openDashboard(store);
    await wire.call("QPUSH", "orders", "c", "ID", "e1");
    await wire.call("QPOP", "FROM", "orders");
    await open(PATH);
    await press(page, "End the claim…");
    await dialogOf(page)
      .getByLabel(/^Error/)
      .fill("stuck");
    await dialogOf(page).getByRole("button", { name: "End 1 claim" }).click();
    await seen(page, /e1 (is ready again|waits for another attempt)\./);
    expect(await factsOf(wire)).toMatchObject({ failures: 1, "last-error": "stuck" });
    await wire.call("QSET", "orders", "e1", "DELAY", 0);
    await wire.call("QPOP", "FROM", "orders");
    await press(page, "End the claim…");
    await dialogOf(page).getByLabel("It has failed for good").check();
    await dialogOf(page).getByRole("button", { name: "End 1 claim" }).click();
    await seen(page, "e1 has failed for good.");
    expect(await stateOf(wire)).toBe("failed");
    await wire.call("QRETRY", "orders", "IDS", "e1");
    const [event] = (await wire.call("QPOP", "FROM", "orders")) as Buffer[][];
    await act(page, "Ask to stop…", "Ask to stop 1 event");
    await seen(page, "The consumer is asked to stop.");
    await page.getByText("asked to stop", { exact: true }).waitFor();
    expect(await wire.call("QTOUCH", "orders", "e1", event![3]!)).toBe(2);
    await press(page, "End the claim…");
    await dialogOf(page).getByLabel("It is done").check();
    await dialogOf(page).getByRole("button", { name: "End 1 claim" }).click();
    await seen(page, "The event is gone.");
    expect(await stateOf(wire)).toBeNull();
  });
});

test("follows an event until it is gone", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await wire.call("QPUSH", "orders", "c", "ID", "e1");
  await open(PATH);
  await page.getByRole("button", { name: "Delete…" }).waitFor();
  const [event] = (await wire.call("QPOP", "FROM", "orders")) as Buffer[][];
  await page.getByRole("button", { name: "End the claim…" }).waitFor();
  const touch = ["PROGRESS", "60 %", "LOG", "half done"];
  await wire.call("QTOUCH", "orders", "e1", event![3]!, ...touch);
  await seen(page, "half done");
  await seen(page, "60 %");
  await wire.call("QACK", "orders", "e1", "TOKEN", event![3]!);
  await seen(page, "The event is gone. It was claimed.");
  expect(await page.getByRole("button", { name: "End the claim…" }).count()).toBe(0);
  await open("/queues/orders/events/other");
  await seen(page, "There is no such event in");
});

test("retries, moves and deletes it", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await wire.call("QPUSH", "orders", "c", "ID", "e1");
  await fail(wire, "bad", "FINAL");
  await open(PATH);
  await act(page, "Retry…", "Retry 1 event");
  await seen(page, "e1 is ready again.");
  expect(await stateOf(wire)).toBe("ready");
  await press(page, "Move…");
  await dialogOf(page).getByLabel("To the queue").fill("archive");
  await dialogOf(page).getByRole("button", { name: "Move 1 ready event" }).click();
  await seen(page, "e1 is moved to archive.");
  expect(await stateOf(wire, "e1", "archive")).toBe("ready");
  await open("/queues/archive/events/e1");
  await act(page, "Delete…", "Delete 1 ready event");
  await seen(page, "e1 is deleted.");
  expect(await stateOf(wire, "e1", "archive")).toBeNull();
});

test("makes a delayed event ready, and keeps its attempts", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await wire.call("QPUSH", "orders", "c", "ID", "e1");
  await fail(wire, "bad", "DELAY", 3600);
  await open(PATH);
  await act(page, "Make ready…", "Make ready");
  await seen(page, "e1 is ready.");
  expect(await factsOf(wire)).toMatchObject({ state: "ready", failures: 1 });
});

test("changes what was touched, and nothing else", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  const options = ["ID", "e1", "HEADER", "tenant", "acme", "HEADER", "colour", "red"];
  await wire.call("QPUSH", "orders", "line\r\nend", ...options);
  await open(PATH);
  await press(page, "Change…");
  const submit = dialogOf(page).getByRole("button", { name: "Change 1 event" });
  await dialogOf(page).getByLabel("Contents").waitFor();
  expect(await submit.isDisabled()).toBe(true);
  await dialogOf(page)
    .getByLabel(/^Priority/)
    .fill("7");
  await dialogOf(page).getByLabel("Header to set").fill("colour");
  await dialogOf(page).getByLabel("Value").fill("blue");
  await submit.click();
  await seen(page, "e1 is changed.");
  await row(page, "colour").getByText("blue").waitFor();
  expect(await factsOf(wire)).toMatchObject({
    contents: "line\r\nend",
    priority: 7,
    headers: ["tenant", "acme", "colour", "blue"],
  });
  await press(page, "Change…");
  await dialogOf(page).getByLabel("Contents").fill('{"n": 123456789012345678901}');
  await dialogOf(page).getByLabel(/^Due/).fill("7200");
  await submit.click();
  await dialogOf(page).waitFor({ state: "detached" });
  await eventuallyEqual(() => contents(page), '{\n  "n": 123456789012345678901\n}');
  const changed = await factsOf(wire);
  expect(changed).toMatchObject({ state: "delayed", contents: '{"n": 123456789012345678901}' });
});

test("says so if the event has changed meanwhile", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  await wire.call("QPUSH", "orders", "c", "ID", "e1");
  // Earlier, the page would see it and say what the event is now.
  await page.route("**/v1/queues/orders/delete", async (route) => {
    await wire.call("QPOP", "FROM", "orders");
    await route.continue();
  });
  await open(PATH);
  await act(page, "Delete…", "Delete 1 ready event");
  await dialogOf(page).getByRole("alert").filter({ hasText: "nothing was done" }).waitFor();
  expect(await stateOf(wire)).toBe("claimed");
});

test("shows contents as text, JSON and hex, to the digit", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  const json = '{"id":12345678901234567890,"x":1.50,"s":"a\\"b:{}","e":[],"n":[1,{"k":null}]}';
  await wire.call("QPUSH", "orders", json, "ID", "e1");
  await open(PATH);
  const laidOut = [
    "{",
    '  "id": 12345678901234567890,',
    '  "x": 1.50,',
    '  "s": "a\\"b:{}",',
    '  "e": [],',
    '  "n": [',
    "    1,",
    "    {",
    '      "k": null',
    "    }",
    "  ]",
    "}",
  ].join("\n");
  await eventuallyEqual(() => contents(page), laidOut);
  await press(page, "Text");
  await eventuallyEqual(() => contents(page), json);
  await press(page, "Hex");
  await eventuallyEqual(
    async () => (await contents(page)).split("\n")[0]!.trim(),
    '00000000  7b 22 69 64 22 3a 31 32  33 34 35 36 37 38 39 30  {"id":1234567890',
  );
  expect(new URL(page.url()).search).toBe("?view=hex");
});

test("shows hostile contents, headers and ids as text", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  const hostile = "<script>alert(1)</script>\0\u202Egpj\n<img src=x onerror=alert(2)>";
  const shown = "<script>alert(1)</script>\\x00\\u{202e}gpj\n<img src=x onerror=alert(2)>";
  const id = '"><b>&lt;/../?#';
  const header = Buffer.from([0xff, 0x41]);
  await wire.call("QPUSH", "orders", hostile, "ID", id, "HEADER", "<i>", "<u>");
  await wire.call("QPUSH", "orders", Buffer.from([0, 255]), "ID", "b", "HEADER", header, header);
  await open(`/queues/orders/events/${encodeURIComponent(id)}`);
  await page.getByRole("heading", { name: id, level: 1 }).waitFor();
  await eventuallyEqual(() => contents(page), shown);
  await row(page, "<i>").getByText("<u>").waitFor();
  await open("/queues/orders/events/b");
  await seen(page, "The bytes are not UTF-8.");
  expect((await contents(page)).startsWith("00000000  00 ff ")).toBe(true);
  await row(page, "\\xffA").first().waitFor();
});

test("loads only the beginning of 64 MB of contents, and offers the rest", async () => {
  const { wire, page, open } = await openDashboard("memory");
  const large = Buffer.alloc(64 * 1024 * 1024, "0123456789abcdef");
  await wire.call("QPUSH", "orders", large, "ID", "e1");
  await open(PATH);
  await seen(page, "The first 64 KiB of 64 MiB.");
  await press(page, "Show more");
  await seen(page, "The first 512 KiB of 64 MiB.");
  expect((await contents(page)).length).toBe(512 * 1024);
  await press(page, "Hex");
  await seen(page, "The first 128 KiB of 64 MiB. Download it to see the rest.");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download" }).click(),
  ]);
  expect(readFileSync(await download.path()).equals(large)).toBe(true);
}, 120_000);

test("lays out a megabyte of JSON, and JSON of 30,000 levels", async () => {
  const { wire, page, open } = await openDashboard("memory");
  const many = JSON.stringify(Array.from({ length: 100_000 }, (_, at) => at));
  const deep = "[".repeat(30_000) + "]".repeat(30_000);
  await wire.call("QPUSH", "orders", many, "ID", "many");
  await wire.call("QPUSH", "orders", deep, "ID", "deep");
  await open("/queues/orders/events/many");
  await press(page, "Show more");
  await seen(page, /^The first 512 KiB of/);
  await eventuallyEqual(async () => (await contents(page)).startsWith("[\n  0,\n  1,\n"), true);
  await open("/queues/orders/events/deep?view=json");
  await eventuallyEqual(async () => (await contents(page)).split("\n").length, 59_999);
}, 60_000);

test("keeps a claimed event while okq is away, and goes on when okq is back", async () => {
  const database = newDatabase();
  const start = (httpPort: number) =>
    startOkqProcess(["--store", database, "--http-addr", `127.0.0.1:${httpPort}`]);
  const okq = await start(0);
  const [, port] = /httpPort=(\d+)/.exec(okq.stdout() + okq.stderr())!;
  const client = await okq.connect();
  await client.call("QPUSH", "orders", "precious", "ID", "e1");
  await client.call("QPOP", "LEASE", 600, "FROM", "orders");
  const page = await newPage();
  await page.goto(`http://127.0.0.1:${port}${PATH}`);
  await seen(page, "precious");
  await okq.crash();
  await page.getByRole("alert").filter({ hasText: "okq does not answer" }).waitFor();
  await press(page, "End the claim…");
  await dialogOf(page).getByRole("button", { name: "End 1 claim" }).click();
  await dialogOf(page).getByRole("alert").filter({ hasText: "okq does not answer" }).waitFor();
  await start(Number(port));
  await seen(page, "Live");
  await dialogOf(page).getByRole("button", { name: "End 1 claim" }).click();
  await seen(page, /e1 (is ready again|waits for another attempt)\./);
  await page.getByText("Attempt 1 failed").waitFor();
}, 60_000);

test("offers a user what it may do", async () => {
  const users = writeUsers("root all *", "viewer inspect *", "worker consume,inspect *");
  const { wire, page, open } = await openDashboard("sqlite", { users: users.path });
  await wire.call("AUTH", "root", passwordOf("root"));
  await wire.call("QPUSH", "orders", "c", "ID", "e1");
  await wire.call("QPOP", "FROM", "orders");
  await open(PATH);
  await page.getByLabel("User").fill("viewer");
  await page.getByLabel("Password").fill(passwordOf("viewer"));
  await press(page, "Log in");
  await page.getByRole("region", { name: "Claim" }).waitFor();
  expect(await page.getByRole("button", { name: /…$/ }).count()).toBe(0);
  await press(page, "Log out");
  await page.getByLabel("User").fill("worker");
  await page.getByLabel("Password").fill(passwordOf("worker"));
  await press(page, "Log in");
  await page.getByRole("button", { name: "End the claim…" }).waitFor();
  expect(await page.getByRole("button", { name: /…$/ }).count()).toBe(1);
});
