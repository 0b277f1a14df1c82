// okq cron: entries that push events at the times of a spec.
import { expect, test } from "bun:test";
import { startLooking } from "../support/looking.ts";
import { okq } from "../support/okq-command.ts";

test("cron sets, lists, runs and deletes entries", async () => {
  const { run, look, env } = await startLooking();
  const spec = "30 2 * * *";
  const set = ["cron", "set", "reports", "nightly", spec];
  expect(
    await look(...set, "sales", "--tz", "Europe/Berlin", "--catch-up", "--priority", "3"),
  ).toMatchObject({ code: 0, lines: ["set"] });
  expect((await okq(["cron", "set", "reports", "other", spec], { env, input: "a\0b" })).code).toBe(
    0,
  );
  const { lines } = await look("cron");
  expect(lines[0]).toMatch(/^QUEUE +NAME +SPEC +ZONE +CATCH UP +NEXT +LAST +CONTENTS$/);
  expect(lines[1]).toMatch(
    /^reports +nightly +30 2 \* \* \* +Europe\/Berlin +one +\d{4}-\S+ \S+ +- +sales$/,
  );
  const { json } = await look("cron", "list", "reports", "--json");
  expect(json.map((entry) => entry["contents"])).toEqual(["sales", "a\0b"]);
  expect(json[0]).toMatchObject({
    queue: "reports",
    name: "nightly",
    spec,
    nextAt: expect.any(Number),
  });
  const ran = await look("cron", "run", "reports", "nightly");
  expect(ran.lines[0]).toMatch(/^nightly@\d+$/);
  expect(await run("QRPOP", "reports")).toEqual([ran.lines[0]!, "sales"]);
  expect(await look("cron", "delete", "reports", "nightly")).toMatchObject({
    code: 0,
    lines: ["deleted"],
  });
  const again = await look("cron", "delete", "reports", "nightly", "--json");
  expect(again).toMatchObject({ code: 1, json: [{ removed: false }] });
  expect(again.stderr).toBe("okq: there is no cron entry nightly in reports\n");
  expect(await look("cron", "run", "reports", "x")).toMatchObject({ code: 1, lines: [] });
  expect(await look("cron", "set", "reports", "x", "nonsense", "x")).toMatchObject({ code: 1 });
  expect((await look("cron", "remove")).stderr).toContain("cron takes list, set, delete, run");
  expect(await look("cron", "set", "reports")).toMatchObject({ code: 2 });
});
