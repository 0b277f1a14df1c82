// GET of one event over HTTP: with its contents, or without them.
import { expect, test } from "bun:test";
import { ApiClient } from "../support/api.ts";
import { startOkqOn } from "../support/okq-server.ts";
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
