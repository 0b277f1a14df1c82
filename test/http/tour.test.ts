// Calls every operation of the API once, on each store. The client checks requests and answers
// against the OpenAPI document.
import { expect, test } from "bun:test";
import SwaggerParser from "@apidevtools/swagger-parser";
import { ApiClient, type Json } from "../support/api.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";

const HTTP = { httpAddr: "127.0.0.1:0" };

async function tourQueues(api: ApiClient): Promise<void> {
  await api.post("/queues/q/events", { contents: "a", id: "a", headers: { type: "mail" } });
  await api.post("/queues/q/events", { contents: "b", id: "b", group: "g" });
  await api.post("/queues/q/events", { json: { n: 1 }, id: "c", delay: 60, priority: 3 });
  expect((await api.get("/queues")).json.queues).toMatchObject([{ queue: "q", ready: 2 }]);
  expect((await api.get("/queues/q")).json).toMatchObject({ ready: 2, delayed: 1, paused: "no" });
  const { hour, day } = (await api.get("/queues/q/history")).json;
  expect([hour.stepSeconds, day.stepSeconds]).toEqual([60, 600]);
  expect([hour.ready.length, hour.ready.at(-1)]).toEqual([60, 2]);
  expect([day.newlyFailed.length, day.delayed.at(-1)]).toEqual([144, 1]);
  expect((await api.get("/queues/q/config")).json.settings).toMatchObject({ lease: "30" });
  const changed = await api.call("PATCH", "/queues/q/config", { json: { lease: 60 } });
  expect(changed.json.settings).toMatchObject({ lease: "60" });
  await api.call("PATCH", "/queues/q/config", { json: { lease: null } });
  expect((await api.get("/queues/q/config")).json.settings).toMatchObject({ lease: "30" });
  const defaults = await api.call("PATCH", "/defaults", { json: { "max-crashes": 9 } });
  expect(defaults.json.settings).toMatchObject({ "max-crashes": "9" });
  expect((await api.get("/defaults")).json).toEqual(defaults.json);
  expect((await api.post("/queues/q/pause", { direction: "all" })).json).toEqual({ done: true });
  expect((await api.get("/queues/q")).json.paused).toBe("all");
  expect((await api.post("/queues/q/events", { contents: "x" })).status).toBe(409);
  expect((await api.post("/queues/q/resume")).json).toEqual({ done: true });
  expect((await api.get("/queues/q/empty?seconds=0.01")).json).toEqual({ isEmpty: false });
}

async function tourEvents(api: ApiClient): Promise<void> {
  const all = (await api.get("/queues/q/events?withContents=true")).json;
  expect(all.next).toBeNull();
  expect(all.events.map(({ id, contents }: Json) => [id, contents])).toEqual([
    ["a", "a"],
    ["b", "b"],
    ["c", '{"n":1}'],
  ]);
  const short = (await api.get("/queues/q/events?contentsBytes=3&match=c")).json.events;
  expect(short).toMatchObject([{ id: "c", contents: '{"n', contentsLength: 7 }]);
  expect((await api.get("/queues/q/events/a")).json).toMatchObject({ headers: { type: "mail" } });
  expect((await api.get("/queues/q/peek")).json.event).not.toBeNull();
  const set = await api.call("PATCH", "/queues/q/events/c", { json: { contents: "C", delay: 0 } });
  expect(set.json).toEqual({ outcome: "changed" });
  expect((await api.get("/queues/q/groups")).json.groups).toMatchObject([
    { group: "g", ready: 1, paused: false },
  ]);
  const group = await api.call("PATCH", "/queues/q/groups/g", { json: { limit: 3, rate: null } });
  expect(group.json.limit).toBe(3);
  expect((await api.get("/queues/q/groups/g")).json).toMatchObject({ group: "g", limit: 3 });
}

async function tourClaims(api: ApiClient): Promise<void> {
  const popped = (await api.post("/queues/q/pop", { count: 2, worker: "w" })).json.events;
  expect(popped).toHaveLength(2);
  expect((await api.get("/workers?queue=q")).json.workers).toMatchObject([
    { worker: "w", claims: 2 },
  ]);
  const [first, second] = popped;
  const claim = { token: first.token };
  expect(
    (await api.post(`/queues/q/events/${first.id}/touch`, { ...claim, log: "x" })).json,
  ).toEqual({ outcome: "touched" });
  const claims = popped.map(({ id, token }: Json) => ({ id, token }));
  expect((await api.post("/queues/q/touch", { claims, lease: 10 })).json).toEqual({
    outcomes: ["touched", "touched"],
  });
  const failed = await api.post(`/queues/q/events/${first.id}/fail`, {
    ...claim,
    error: "no 7",
    final: true,
  });
  expect(failed.json).toEqual({ outcome: "failed" });
  const waited = (await api.get(`/queues/q/events/${first.id}/wait?seconds=1`)).json;
  expect(waited).toEqual({ outcome: "failed", error: "no 7" });
  const next = await api.post(`/queues/q/events/${second.id}/next`, { token: second.token });
  expect(next.json).toMatchObject({ acked: true, events: [{ queue: "q" }] });
  const [third] = next.json.events;
  expect((await api.post(`/queues/q/events/${third.id}/ack`, { token: third.token })).json).toEqual(
    {
      acked: true,
    },
  );
  expect((await api.post("/queues/q/ack", { claims })).json).toEqual({ acked: [false, false] });
  expect((await api.get("/queues/q/errors")).json).toEqual({
    errors: [{ error: "no *", count: 1, id: first.id }],
  });
  expect((await api.get("/errors")).json).toEqual({
    errors: [{ error: "no *", count: 1, queues: [{ queue: "q", count: 1, id: first.id }] }],
  });
  expect((await api.post(`/queues/q/events/${first.id}/retry`)).json).toEqual({ retried: 1 });
  expect((await api.post("/queues/q/retry", { all: true })).json).toEqual({ retried: 0 });
  expect((await api.post("/queues/q/move", { target: "z" })).json).toEqual({ moved: 1 });
  const fromBoth = await api.post("/pop", { queues: ["q", "z"], weights: [1, 2] });
  expect(fromBoth.json.events).toMatchObject([{ queue: "z", id: first.id, attempt: 1 }]);
  const path = `/queues/z/events/${first.id}`;
  expect((await api.post(`${path}/cancel`)).json).toEqual({ outcome: "asked" });
  expect((await api.call("DELETE", path)).json).toEqual({ removed: 0 });
}

async function tourOthers(api: ApiClient): Promise<void> {
  await api.post("/queues/p/events", { contents: "x", id: "x" });
  expect((await api.post("/queues/p/delete", { ids: ["x", "y"] })).json).toEqual({ removed: 1 });
  await api.post("/queues/p/events", { contents: "x", id: "x" });
  expect((await api.post("/queues/p/purge", { state: "ready" })).json).toEqual({ removed: 1 });
  const json = { spec: "0 3 * * *", contents: "c", tz: "Europe/Berlin" };
  const cron = "/queues/p/crons/nightly";
  expect((await api.call("PUT", cron, { json })).json).toEqual({ done: true });
  expect((await api.get("/crons?queue=p")).json.crons).toMatchObject([
    { queue: "p", name: "nightly", ...json, catchup: "none" },
  ]);
  expect((await api.post(`${cron}/run`)).json.id).toMatch(/^nightly@\d+$/);
  expect((await api.call("DELETE", cron)).json).toEqual({ removed: 1 });
  const counter = "/queues/p/counters/k";
  const members = { members: 2, event: { json: [12345678901234567890n.toString()] } };
  expect((await api.call("PUT", counter, { json: members })).json).toEqual({ done: true });
  expect((await api.get(counter)).json).toEqual({ left: 2 });
  expect((await api.get("/queues/p/counters")).json.counters).toMatchObject([
    { key: "k", left: 2 },
  ]);
  expect((await api.post(`${counter}/done`, { member: "a" })).json).toEqual({ left: 1 });
  expect((await api.call("DELETE", counter)).json).toEqual({ removed: 1 });
  expect((await api.call("PUT", "/queues/p/bindings/b")).json).toEqual({ done: true });
  expect((await api.call("DELETE", "/queues/p/bindings/b")).json).toEqual({ removed: 1 });
  expect((await api.call("DELETE", "/queues/p")).json).toEqual({ done: true });
  expect((await api.get("/queues/p")).json.ready).toBe(0);
  expect((await api.get("/server")).json).toMatchObject({ version: "0.1.0" });
  expect((await api.get("/session")).json).toMatchObject({ user: "default" });
  await api.get("/openapi.json");
}

/** Their answers have no end, or they are tested elsewhere: logins, /readyz. */
const elsewhere = new Set(["getReadiness", "logIn", "logOut", "streamMessages"]);

test.each(storeNames)("every operation works as it is described, on %s", async (store) => {
  const { httpPort } = await startOkqOn(store, HTTP);
  const api = new ApiClient(httpPort);
  await tourQueues(api);
  await tourEvents(api);
  await tourClaims(api);
  await tourOthers(api);
  const { paths } = (await api.document()) as { paths: Record<string, Record<string, Json>> };
  const all = Object.values(paths).flatMap((path) => Object.values(path));
  const ids = all.map(({ operationId }) => operationId).filter((id) => !elsewhere.has(id));
  expect([...api.called].toSorted()).toEqual(ids.toSorted());
});

test("the document is valid OpenAPI 3.1, with unique names", async () => {
  const { httpPort } = await startTestOkq({ ...HTTP, httpPrefix: "/okq" });
  const response = await fetch(`http://127.0.0.1:${httpPort}/okq/v1/openapi.json`);
  const document = (await response.json()) as Json;
  expect(document.openapi).toBe("3.1.0");
  expect(document.servers).toEqual([{ url: "/okq" }]);
  const all = Object.values(document.paths as Json).flatMap((path) => Object.values(path as Json));
  const ids = all.map((operation) => (operation as Json).operationId);
  expect(new Set(ids).size).toBe(ids.length);
  await SwaggerParser.validate(document);
});
