// What users may do over HTTP: the same as over RESP.
import { describe, expect, test } from "bun:test";
import { ApiClient, type Json } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { passwordOf, type UserLine, writeUsers } from "../support/users.ts";
import { requests } from "./requests-by-right.ts";

async function setUp(store: (typeof storeNames)[number], ...users: UserLine[]) {
  const file = writeUsers("root all *", ...users);
  const okq = await startOkqOn(store, { httpAddr: "127.0.0.1:0", users: file.path });
  const as = (name: string) => new ApiClient(okq.httpPort, `${name}:${passwordOf(name)}`);
  const change = async (...changed: UserLine[]) => {
    const loaded = () => okq.log.filter((line) => line.includes("users loaded")).length;
    const before = loaded();
    file.replace("root all *", ...changed);
    okq.reload();
    await eventually(() => loaded() > before);
  };
  return { okq, as, change, root: as("root") };
}

const all = Object.entries(requests);

test.each(all)("a user without the right %s gets 403, and nothing is done", async (right, own) => {
  const others = Object.keys(requests).filter((each) => each !== right);
  // Each of two rights allows to pause, with manage in all directions.
  const lacking = right === "consume" ? others.filter((each) => each !== "manage") : others;
  const { as, root } = await setUp("memory", `ann ${lacking.join(",")} *`);
  await root.post("/queues/mail/events", { contents: "x", id: "a" });
  for (const [method, path, json] of own) {
    const { status, json: problem } = await as("ann").call(method, path, { json });
    const isSeenByOthers = right === "inspect" && /\/(config|groups\/g)$|defaults/.test(path);
    if (isSeenByOthers) continue;
    expect([method, path, status, problem.code]).toEqual([method, path, 403, "NOPERM"]);
  }
  const { json } = await root.get("/queues/mail");
  expect(json).toMatchObject({ ready: 1, claimed: 0, paused: "no" });
});

test.each(all)("a user with the right %s is served, in its queues only", async (right, own) => {
  const rights = right === "consume" || right === "manage" ? `${right},push` : right;
  const { as, root } = await setUp("memory", `ann ${rights} mail*`, `bob ${rights} work*`);
  await root.post("/queues/mail/events", { contents: "x", id: "a" });
  for (const [method, path, json] of own) {
    const foreign = await as("bob").call(method, path, { json });
    if (path.includes("mail") || json?.queues) expect([path, foreign.status]).toEqual([path, 403]);
    const { status } = await as("ann").call(method, path, { json });
    expect([path, [200, 201, 404].includes(status)]).toEqual([path, true]);
  }
});

describe.each(storeNames)("on %s", (store) => {
  test("a user sees and changes its own queues only", async () => {
    const { as, root } = await setUp(store, "ann push,consume,inspect,manage mail*");
    for (const queue of ["mail", "mailing", "other"]) {
      await root.post(`/queues/${queue}/events`, { contents: "x", id: "x" });
      const { events } = (await root.post(`/queues/${queue}/pop`)).json;
      const json = { token: events[0].token, error: "no 1", final: true };
      await root.post(`/queues/${queue}/events/x/fail`, json);
    }
    const ann = as("ann");
    const names = (await ann.get("/queues")).json.queues.map(({ queue }: Json) => queue);
    expect(names).toEqual(["mail", "mailing"]);
    const { errors } = (await ann.get("/errors")).json;
    expect(errors).toMatchObject([{ error: "no *", count: 2 }]);
    expect(errors[0].queues.map(({ queue }: Json) => queue).toSorted()).toEqual(names);
    expect((await ann.post("/queues/mail/move", { target: "other" })).status).toBe(403);
    expect((await ann.get("/workers?queue=other")).status).toBe(403);
    const part = { queue: "other", key: "k" };
    expect((await ann.post("/queues/mail/events", { contents: "x", part })).status).toBe(403);
    expect((await ann.call("PATCH", "/defaults", { json: { lease: 1 } })).status).toBe(403);
    expect((await ann.get("/server")).json).not.toHaveProperty("options");
    expect((await root.get("/server")).json.options).toHaveProperty("max-clients");
  });

  test("a wait ends when its user loses the right", async () => {
    const { as, change, root } = await setUp(store, "ann consume mail*", "bob consume mail*");
    const waits = ["ann", "bob"].map((name) => as(name).post("/queues/mail/pop", { wait: 60 }));
    await eventually(async () => {
      const { workers } = (await root.get("/workers?queue=mail")).json;
      return workers.length === 2;
    });
    await change("ann push mail*");
    for (const wait of waits) expect((await wait).json).toEqual({ events: [] });
    await root.post("/queues/mail/events", { contents: "x" });
    expect((await root.get("/queues/mail")).json).toMatchObject({ ready: 1, claimed: 0 });
    expect((await as("ann").post("/queues/mail/pop")).status).toBe(403);
    expect((await as("bob").post("/queues/mail/pop")).status).toBe(401);
  });
});

test("lines that a user may not push are refused before the first", async () => {
  const { as } = await setUp("memory", "ann inspect *", "bob push work*");
  const headers = { "Content-Type": "application/x-ndjson" };
  for (const name of ["ann", "bob"]) {
    const sent = { body: '{"contents":"a"}\n{"contents":"b"}\n', headers };
    const { status, json } = await as(name).call("POST", "/queues/mail/events", sent);
    expect([status, json.code]).toEqual([403, "NOPERM"]);
  }
});

test("without credentials nothing is told", async () => {
  const { okq } = await setUp("memory");
  const nobody = `http://127.0.0.1:${okq.httpPort}/v1`;
  for (const path of ["/queues", "/openapi.json", "/events", "/server", "/nothing"]) {
    expect((await fetch(nobody + path)).status).toBe(401);
  }
});

test("an open okq serves everybody on this machine", async () => {
  const { httpPort } = await startTestOkq({ httpAddr: "127.0.0.1:0" });
  expect((await new ApiClient(httpPort).get("/session")).json.rights).toContain("admin");
});
