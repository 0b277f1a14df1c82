// Who may see and do what on the dashboard, and what it shows while okq is away. In a browser.
import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import {
  dialogOf,
  newPage,
  openDashboard,
  rowsAre,
  seen,
  useBrowser,
} from "../support/dashboard.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { newDatabase } from "../support/okq-server.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

useBrowser();

async function logIn(page: Page, user: string, password = passwordOf(user)): Promise<void> {
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

async function startWithUsers(...lines: string[]) {
  const users = writeUsers("root all *", ...lines);
  const dashboard = await openDashboard("sqlite", { users: users.path });
  const { wire } = dashboard;
  await wire.call("AUTH", "root", passwordOf("root"));
  for (const queue of ["mail", "orders"]) await wire.call("QPUSH", queue, "contents", "ID", "e1");
  return { ...dashboard, users };
}

describe("with users", () => {
  test("asks for a password, and shows the page that was asked for", async () => {
    const { page, open } = await startWithUsers();
    await open("/queues/orders");
    await logIn(page, "root", "wrong");
    await page.getByRole("alert").filter({ hasText: "wrong user name or password" }).waitFor();
    await logIn(page, "root");
    await page.getByRole("heading", { name: "orders", level: 1 }).waitFor();
    await rowsAre(page, "Id", ["e1"]);
    await page.reload();
    await rowsAre(page, "Id", ["e1"]);
  });

  test("knows nobody after the log-out", async () => {
    const { page, open } = await startWithUsers();
    await open("/");
    await logIn(page, "root");
    await rowsAre(page, "Queue", ["mail", "orders"]);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Password").waitFor();
    await page.reload();
    await page.getByLabel("Password").waitFor();
    expect(await page.getByText("orders").count()).toBe(0);
  });

  test("asks again when the user is gone", async () => {
    const { okq, page, open, users } = await startWithUsers("anna all *");
    await open("/");
    await logIn(page, "anna");
    await rowsAre(page, "Queue", ["mail", "orders"]);
    users.replace("root all *");
    okq.reload();
    await page.getByLabel("Password").waitFor();
  });

  test("shows a user its queues only, and offers what it may do", async () => {
    const { page, open } = await startWithUsers("viewer inspect mail*");
    await open("/");
    await logIn(page, "viewer");
    await rowsAre(page, "Queue", ["mail"]);
    for (const name of [/^Pause/, /^Purge/]) {
      expect(await page.getByRole("button", { name }).count()).toBe(0);
    }
    await page.getByRole("link", { name: "mail" }).click();
    await rowsAre(page, "Id", ["e1"]);
    for (const name of [/^Push/, /^Pause/, /^Purge/, /^Delete/, /^Move/]) {
      expect(await page.getByRole("button", { name }).count()).toBe(0);
    }
    expect(await page.getByRole("checkbox").count()).toBe(0);
    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByLabel("max-attempts").waitFor();
    expect(await page.getByLabel("max-attempts").isDisabled()).toBe(true);
    await page.clock.install();
    await open("/queues/orders");
    await page.getByRole("alert").filter({ hasText: "orders" }).waitFor();
    // It does not ask in vain again and again.
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.clock.runFor(10_000);
    expect(asked).toEqual([]);
  });

  test("tells a user without the right to look that it may not", async () => {
    const { page, open } = await startWithUsers("producer push *");
    await open("/");
    const paths: string[] = [];
    page.on("request", (request) => paths.push(new URL(request.url()).pathname));
    await logIn(page, "producer");
    await page.getByRole("alert").filter({ hasText: "needs the right inspect" }).waitFor();
    const asked = paths.filter((path) => path.startsWith("/v1/"));
    expect(new Set(asked)).toEqual(new Set(["/v1/session"]));
    expect(await page.getByRole("navigation").count()).toBe(0);
    expect(await page.getByText("Every 2 s").count()).toBe(0);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Password").waitFor();
  });

  test("a consumer may pause what goes out, and nothing else", async () => {
    const { page, open } = await startWithUsers("worker consume,inspect *");
    await open("/");
    await logIn(page, "worker");
    await page.getByRole("button", { name: "Pause mail" }).click();
    await dialogOf(page).getByLabel(/^Out:/).waitFor();
    expect(await dialogOf(page).getByRole("radio").count()).toBe(1);
    await dialogOf(page).getByRole("button", { name: "Pause" }).click();
    await seen(page, "mail is paused.");
    expect(await page.getByRole("button", { name: /^Purge/ }).count()).toBe(0);
  });
});

test("offers no changes while okq is read-only over HTTP", async () => {
  const { wire, page, open } = await openDashboard("sqlite", { httpReadOnly: true });
  await wire.call("QPUSH", "orders", "contents", "ID", "e1");
  await open("/");
  await rowsAre(page, "Queue", ["orders"]);
  await seen(page, "read-only");
  expect(await page.getByRole("button", { name: /^(Pause|Purge)/ }).count()).toBe(0);
  await page.getByRole("link", { name: "orders" }).click();
  await rowsAre(page, "Id", ["e1"]);
  expect(await page.getByRole("button", { name: /^(Push|Delete)/ }).count()).toBe(0);
});

test("offers no log-out where nobody has to log in", async () => {
  const { page, open } = await openDashboard("memory");
  await open("/");
  await seen(page, "Live");
  expect(await page.getByRole("button", { name: "Log out" }).count()).toBe(0);
});

test("says that there is no such page, and asks for nothing there", async () => {
  const { page, open } = await openDashboard("memory");
  await open("/nothing");
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  expect(await page.getByText(/^(Every 2 s|Live)$/).count()).toBe(0);
  await page.getByRole("link", { name: "To the queues" }).click();
  await seen(page, "Live");
  await page.goBack();
  await page.getByText("Live").waitFor({ state: "detached" });
});

test("works below a prefix", async () => {
  const { wire, page, open } = await openDashboard("sqlite", { httpPrefix: "/tools/okq" });
  await wire.call("QPUSH", "orders", "contents", "ID", "e1");
  await open("/");
  await page.getByRole("link", { name: "orders" }).click();
  await rowsAre(page, "Id", ["e1"]);
  expect(new URL(page.url()).pathname).toBe("/tools/okq/queues/orders");
  await page.goBack();
  await rowsAre(page, "Queue", ["orders"]);
});

test("says that okq is away, keeps what it showed, and goes on when okq is back", async () => {
  const start = (httpPort: number) =>
    startOkqProcess(["--store", database, "--http-addr", `127.0.0.1:${httpPort}`]);
  const database = newDatabase();
  const okq = await start(0);
  const [, port] = /httpPort=(\d+)/.exec(okq.stdout() + okq.stderr())!;
  await (await okq.connect()).call("QPUSH", "orders", "contents");
  const page = await newPage();
  await page.goto(`http://127.0.0.1:${port}/`);
  await rowsAre(page, "Ready", ["1"]);
  await seen(page, "Live");
  await okq.crash();
  await page.getByRole("alert").filter({ hasText: "okq does not answer" }).waitFor();
  await seen(page, "No connection");
  await rowsAre(page, "Ready", ["1"]);
  const again = await start(Number(port));
  await seen(page, "Live");
  await page.getByRole("alert").waitFor({ state: "detached" });
  await (await again.connect()).call("QPUSH", "orders", "more");
  await rowsAre(page, "Ready", ["2"]);
});

test("asks every 2 seconds while no messages come through", async () => {
  const { wire, page, open } = await openDashboard("memory");
  await page.route("**/v1/events*", (route) => route.abort());
  await wire.call("QPUSH", "orders", "contents");
  await open("/");
  await rowsAre(page, "Ready", ["1"]);
  await seen(page, "Every 2 s");
  await wire.call("QPUSH", "orders", "more");
  await rowsAre(page, "Ready", ["2"]);
});
