// GET of events over HTTP: with their contents, the beginning of these, or without.
import { expect, test } from "bun:test";
import { ApiClient, type Json } from "../support/api.ts";
import { startOkqOn, storeNames } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";

test("an event without its contents says how long they are", async () => {
  const okq = await startOkqOn("memory", { httpAddr: "127.0.0.1:0" });
  const api = new ApiClient(okq.httpPort);
  const client = await okq.connect();
  await ask(client, "QPUSH", "q", Buffer.from([0, 255, 1]), "ID", "e1");
  const whole = (await api.get("/queues/q/events/e1")).json;
  expect(whole).toMatchObject({ id: "e1", contentsBase64: "AP8B" });
  expect(whole).not.toHaveProperty("contentsLength");
  const short = (await api.get("/queues/q/events/e1?withoutContents=true")).json;
  expect(short).toMatchObject({ id: "e1", contentsLength: 3 });
  expect(short).not.toHaveProperty("contentsBase64");
  expect((await api.get("/queues/q/events/e2?withoutContents=true")).status).toBe(404);
  expect((await api.get("/queues/q/events/e1?withoutContents=maybe")).status).toBe(400);
});

test("a claimed event tells by whom and since when, an ended one since when", async () => {
  const okq = await startOkqOn("memory", { httpAddr: "127.0.0.1:0" });
  const api = new ApiClient(okq.httpPort);
  const client = await okq.connect();
  await ask(client, "QPUSH", "q", "c", "ID", "e1");
  await ask(client, "QPOP", "AS", "ann", "FROM", "q");
  const claimed = (await api.get("/queues/q/events/e1")).json;
  expect(claimed).toMatchObject({
    worker: "ann",
    client: String(await ask(client, "CLIENT", "ID")),
  });
  expect(Math.abs(Date.now() / 1000 - claimed.claimedAt)).toBeLessThan(30);
  const [worker] = (await api.get("/workers")).json.workers;
  expect(worker).toMatchObject({ client: claimed.client, okq: claimed.okq, holding: ["q"] });
  await ask(client, "QFAIL", "q", "e1", "*", "FINAL");
  const failed = (await api.get("/queues/q/events/e1")).json;
  expect(Math.abs(Date.now() / 1000 - failed.endedAt)).toBeLessThan(30);
  expect(failed).not.toHaveProperty("claimedAt");
});

test.each(storeNames)("a list shows the beginning of contents, on %s", async (store) => {
  const okq = await startOkqOn(store, { httpAddr: "127.0.0.1:0" });
  const api = new ApiClient(okq.httpPort);
  const client = await okq.connect();
  const all = ["short", "é".repeat(50), Buffer.from([0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9]), ""];
  for (const contents of all) await ask(client, "QPUSH", "q", contents, "HEADER", "a", "b");
  const path = "/queues/q/events?contentsBytes=9";
  const { events } = (await api.get(path)).json;
  expect(events).toMatchObject([
    { contents: "short", contentsLength: 5, headers: { a: "b" } },
    // No character is cut.
    { contents: "éééé", contentsLength: 100 },
    { contentsBase64: Buffer.from([0, 255, 1, 2, 3, 4, 5, 6, 7]).toString("base64") },
    { contents: "", contentsLength: 0 },
  ]);
  for (const bytes of ["0", "4097", "1.5", "x"]) {
    const { json } = await api.get(`/queues/q/events?contentsBytes=${bytes}`);
    expect(json.detail).toStartWith("contentsBytes must be");
  }
  const both = await api.get(`${path}&withContents=true`);
  expect(both.json.detail).toBe("give withContents or contentsBytes, not both");
});

test("behind a megabyte of contents a list goes on without them", async () => {
  const okq = await startOkqOn("memory", { httpAddr: "127.0.0.1:0" });
  const api = new ApiClient(okq.httpPort);
  const client = await okq.connect();
  const large = Buffer.alloc(600 * 1024, "x");
  for (const id of ["a", "b", "c"]) await ask(client, "QPUSH", "q", large, "ID", id);
  const { events, next } = (await api.get("/queues/q/events?contentsBytes=5")).json;
  expect(next).toBeNull();
  expect(events.map(({ id, contents }: Json) => [id, contents])).toEqual([
    ["a", "xxxxx"],
    ["b", "xxxxx"],
    ["c", undefined],
  ]);
});
