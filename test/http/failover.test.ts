// HTTP requests to an okq that stands by: they are answered by the one that serves.
import { expect, test } from "bun:test";
import { ApiClient } from "../support/api.ts";
import { makeCertificates } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { startDistantPair, startPair, untilLogged } from "../support/failover-pair.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

const HTTP = { httpAddr: "127.0.0.1:0" };
const LARGE = "large ".repeat(500_000);

test("a standby passes requests and their answers on", async () => {
  const { standby, serving } = await startPair(HTTP);
  const api = new ApiClient(standby.httpPort);
  const direct = new ApiClient(serving.httpPort);
  expect((await api.post("/queues/q/events", { contents: LARGE, id: "1" })).status).toBe(201);
  expect((await direct.get("/queues/q/events/1")).json.state).toBe("ready");
  const popped = api.post("/queues/other/pop", { wait: 30 });
  await eventually(async () => {
    const { json } = await direct.get("/workers?queue=other");
    return json.workers.length === 1;
  });
  await direct.post("/queues/other/events", { contents: "x" });
  expect((await popped).json.events).toMatchObject([{ contents: "x" }]);
  expect((await api.get("/queues/none/events/1")).status).toBe(404);
  const pop = await fetch(`http://127.0.0.1:${standby.httpPort}/v1/queues/q/pop`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: "{}",
  });
  expect(JSON.parse(await pop.text()).events[0].contents === LARGE).toBe(true);
});

test("streams of messages end with the okq that serves", async () => {
  const { standby, serving } = await startPair({ ...HTTP, s3Lease: 10_000 });
  const response = await fetch(`http://127.0.0.1:${standby.httpPort}/v1/events?queue=q`);
  const reader = response.body!.getReader();
  const next = async () => Buffer.from((await reader.read()).value ?? []).toString();
  expect(await next()).toStartWith("retry");
  await new ApiClient(standby.httpPort).post("/queues/q/events", { contents: "x" });
  expect(await next()).toStartWith("event: pushed");
  const closed = serving.close();
  while ((await next().catch(() => "")) !== "");
  await closed;
  await untilLogged(standby, "serves the queues");
  const { json } = await new ApiClient(standby.httpPort).get("/queues/q");
  expect(json.ready).toBe(1);
});

test("a standby that ends lets requests be answered that are on their way", async () => {
  const { standby, serving } = await startPair({ ...HTTP, s3Lease: 10_000 });
  const direct = new ApiClient(serving.httpPort);
  const popped = fetch(`http://127.0.0.1:${standby.httpPort}/v1/queues/q/pop`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ wait: 30 }),
  });
  await eventually(async () => {
    const { json } = await direct.get("/workers?queue=q");
    return json.workers.length === 1;
  });
  const closed = standby.close();
  await direct.post("/queues/q/events", { contents: "x" });
  expect(await (await popped).json()).toMatchObject({ events: [{ contents: "x" }] });
  await closed;
});

test("requests do not wait for an okq that lives and does not answer", async () => {
  const { standby, serving, proxy } = await startDistantPair({ ...HTTP, s3Lease: 400 });
  const direct = new ApiClient(serving.httpPort);
  const popped = new ApiClient(standby.httpPort).post("/queues/q/pop", { wait: 300 });
  await eventually(async () => {
    const { json } = await direct.get("/workers?queue=q");
    return json.workers.length === 1;
  });
  for (const way of ["requests", "replies"] as const) proxy.set(way, "swallow");
  const { status, json } = await popped;
  expect(status).toBe(504);
  expect(json.detail).toContain("outcome unknown: the okq that serves went away");
});

test("the okq that serves logs clients in, and the standby refuses foreign pages", async () => {
  const users = writeUsers("ann push,inspect a*");
  const { standby } = await startPair({ ...HTTP, users: users.path });
  const url = `http://127.0.0.1:${standby.httpPort}/v1`;
  const logIn = await fetch(`${url}/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: "ann", password: passwordOf("ann") }),
  });
  const [cookie] = logIn.headers.get("Set-Cookie")!.split(";", 1) as [string];
  expect((await fetch(`${url}/session`)).status).toBe(401);
  const session = await fetch(`${url}/session`, { headers: { Cookie: cookie } });
  expect(await session.json()).toMatchObject({ user: "ann" });
  const foreign = { Cookie: cookie, Origin: "http://elsewhere.example" };
  expect((await fetch(`${url}/session`, { headers: foreign })).status).toBe(403);
  const named = await fetch(`${url}/session`, { headers: { Host: "elsewhere.example" } });
  expect(named.status).toBe(421);
});

test("requests go to the certificate that the bucket names", async () => {
  const { server } = makeCertificates();
  const tls = { tlsCert: server.cert, tlsKey: server.key, tlsListenAddr: "127.0.0.1:0" };
  const { start } = await startPair({ ...HTTP, ...tls });
  const standby = await start({ tlsCert: "", tlsKey: "", tlsListenAddr: "" });
  await untilLogged(standby, "stands by");
  const api = new ApiClient(standby.httpPort);
  for (const id of ["1", "2"]) {
    expect((await api.post("/queues/q/events", { contents: LARGE, id })).status).toBe(201);
  }
  const { bytes } = await api.get("/queues/q/events/2");
  expect(bytes.length).toBeGreaterThan(1000);
  expect((await api.get("/queues/q")).json.ready).toBe(2);
});

test("nobody else may pass requests on", async () => {
  const { serving } = await startPair(HTTP);
  const headers = { "X-Okq-Forward": "guess 10.0.0.1" };
  const answer = await fetch(`http://127.0.0.1:${serving.httpPort}/v1/queues`, { headers });
  expect(answer.status).toBe(503);
});

test("a standby is ready while it reaches the okq that serves", async () => {
  const { standby, serving, start } = await startPair({ s3Lease: 10_000 });
  const alone = await start(HTTP);
  await untilLogged(alone, "stands by");
  const ready = () => fetch(`http://127.0.0.1:${alone.httpPort}/readyz`);
  expect((await ready()).status).toBe(200);
  expect((await fetch(`http://127.0.0.1:${alone.httpPort}/healthz`)).status).toBe(200);
  const answer = await fetch(`http://127.0.0.1:${alone.httpPort}/v1/queues`);
  expect(answer.status).toBe(503);
  expect(answer.headers.get("Retry-After")).toBe("1");
  expect(await answer.json()).toMatchObject({
    code: "LOADING",
    detail: `the okq at 127.0.0.1:${serving.port} serves, and not over HTTP`,
  });
  expect((await fetch(`http://127.0.0.1:${alone.httpPort}/metrics`)).status).toBe(200);
  await Promise.all([serving.close(), standby.close()]);
  await eventually(async () => (await ready()).status === 200);
});
