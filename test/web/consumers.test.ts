// The dashboard's pages of consumers, in a browser.
import { describe, expect, test } from "bun:test";
import {
  dashboardStores,
  openDashboard,
  row,
  rowsAre,
  seen,
  useBrowser,
} from "../support/dashboard.ts";
import { eventuallyEqual } from "../support/eventually.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

useBrowser();

describe.each(dashboardStores)("on %s", (store) => {
  test("shows which events one consumer holds, and since when", async () => {
    const { okq, wire, page, open } = await openDashboard(store);
    const other = await okq.connect();
    for (const id of ["a", "b", "c"]) await wire.call("QPUSH", "orders", "c", "ID", id);
    await wire.call("QPUSH", "mail", "c", "ID", "letter");
    await wire.call("QPOP", "AS", "ann", "LEASE", 600, "COUNT", 2, "FROM", "orders");
    await wire.call("QPOP", "AS", "ann", "LEASE", 600, "FROM", "mail");
    await other.call("QPOP", "AS", "ann", "FROM", "orders");
    await open("/consumers");
    await row(page, "mail").getByRole("link", { name: "ann" }).click();
    await page.getByRole("heading", { name: "ann", level: 1 }).waitFor();
    await eventuallyEqual(
      async () => (await page.locator('td[data-title="Event"]').allInnerTexts()).toSorted(),
      ["a", "b", "letter"],
    );
    expect(
      await row(page, "letter")
        .getByText(/^in (9|10) min/)
        .count(),
    ).toBe(1);
    const [event] = (await wire.call("QLIST", "mail")) as unknown[];
    expect(event).toBeNull();
    await wire.call("QACK", "mail", "letter");
    await wire.call("QACK", "orders", "a");
    await wire.call("QACK", "orders", "b");
    await seen(page, "It holds no event and waits for none.");
  });
});

test("shows who holds events of which queues, and who waits for which", async () => {
  const { okq, wire, page, open } = await openDashboard("sqlite");
  const [ann, bob] = await Promise.all([okq.connect(), okq.connect()]);
  for (const queue of ["mail", "orders", "orders"]) await wire.call("QPUSH", queue, "c");
  await ann.call("QPOP", "AS", "ann", "COUNT", 3, "FROM", "orders", "mail");
  await wire.call("QPUSH", "thumbs", "c");
  await wire.call("QPOP", "FROM", "thumbs");
  bob.pipeline(["QPOP", "WAIT", 60, "AS", "bob", "FROM", "later", "never"]);
  await open("/consumers");
  await rowsAre(page, "Worker", ["without a name", "ann", "bob"]);
  await rowsAre(page, "Holds", ["1", "3", "0"]);
  await rowsAre(page, "Of the queues", ["thumbs", "mail, orders", "–"]);
  await rowsAre(page, "Waits for", ["–", "–", "later, never"]);
  await page.getByLabel(/Of one queue/).fill("mail");
  await rowsAre(page, "Worker", ["ann"]);
  await rowsAre(page, "Holds", ["1"]);
  await page.getByLabel(/Of one queue/).fill("nothing");
  await seen(page, "Nobody holds an event or waits for one.");
});

test("shows hostile names of workers as text, and finds them", async () => {
  const { wire, page, open } = await openDashboard("sqlite");
  const names: [string | Buffer, string][] = [
    ["<script>alert(1)</script>", "<script>alert(1)</script>"],
    ["\u202Ea/b?c#d&e%2F", "\\u{202e}a/b?c#d&e%2F"],
    [Buffer.from([0xff, 0]), "\\xff\\x00"],
    ["..", ".."],
  ];
  for (const [name, shown] of names) {
    await wire.call("QPUSH", "orders", "c", "ID", shown);
    await wire.call("QPOP", "AS", name, "FROM", "orders");
  }
  for (const [, shown] of names) {
    await open("/consumers");
    await page.getByRole("link", { name: shown, exact: true }).click();
    await page.getByRole("heading", { name: shown, exact: true, level: 1 }).waitFor();
    await rowsAre(page, "Event", [shown]);
  }
});

test("shows a user the consumers of its queues only", async () => {
  const users = writeUsers("root all *", "viewer inspect mail*");
  const { wire, page, open } = await openDashboard("sqlite", { users: users.path });
  await wire.call("AUTH", "root", passwordOf("root"));
  for (const queue of ["mail", "orders"]) {
    await wire.call("QPUSH", queue, "c");
    await wire.call("QPOP", "AS", `worker of ${queue}`, "FROM", queue);
  }
  await open("/consumers");
  await page.getByLabel("User").fill("viewer");
  await page.getByLabel("Password").fill(passwordOf("viewer"));
  await page.getByRole("button", { name: "Log in" }).click();
  await rowsAre(page, "Worker", ["worker of mail"]);
  await open("/consumers?queue=orders");
  await page.getByRole("alert").filter({ hasText: "orders" }).waitFor();
});
