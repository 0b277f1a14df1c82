// What the client says about a push is true, whatever breaks between client, okq and Redis: a push
// that resolves is there once, one whose outcome is "none" is not there, any other at most once.
import { expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import type { OkqError } from "okq/client";
import { closeAfterTest } from "../support/close-after-test.ts";
import { connectClient, connectThroughProxy } from "../support/client.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { type Direction, TcpProxy } from "../support/tcp-proxy.ts";

const RUN_MS = 6_000;
const LANES = 12;

type Fate = "done" | OkqError["outcome"];

/** Breaks one of the connections, and repairs it after a moment. */
async function fault(proxy: TcpProxy, random: () => number): Promise<void> {
  const direction: Direction = random() < 0.5 ? "requests" : "replies";
  const mode = (["swallow", "hold", "pass"] as const)[Math.floor(random() * 3)]!;
  proxy.set(direction, mode);
  await lasting(random() * 300);
  if (random() < 0.7) proxy.cut();
  proxy.set(direction, "pass");
  await lasting(random() * 500);
}

/** A generator of numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test("outcomes are true while connections break at random", async () => {
  const seed = Number(process.env["OKQ_SEED"] ?? Math.floor(Math.random() * 1e9));
  console.log(`OKQ_SEED=${seed}`);
  const random = randomFrom(seed);
  const redis = await startTestRedis();
  const store = closeAfterTest(TcpProxy.start(redis.port));
  const { port } = await startTestOkq({
    store: "",
    redisAddr: `127.0.0.1:${store.port}`,
    redisTimeout: 500,
  });
  const { okq, proxy } = connectThroughProxy(port, { commandTimeoutMs: 400, retryMs: 600 });
  const mail = okq.queue<number>("mail");
  const fates = new Map<string, Fate>();
  const endsAtMs = performance.now() + RUN_MS;

  const push = async (lane: number) => {
    const id = randomUUID();
    const pushed = [
      () => mail.push(lane, { id }),
      () => mail.pushMany([lane], { ids: [id] }),
      () => okq.call("QPUSH", "mail", `${lane}`, "ID", id),
      () => okq.transaction((t) => void t.queue(mail).push(lane, { id })),
    ][lane % 4]!;
    const fate = await pushed().then(
      (): Fate => "done",
      ({ outcome }: OkqError): Fate => outcome,
    );
    fates.set(id, fate);
  };
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    while (performance.now() < endsAtMs) await push(lane);
  });
  const shake = async (broken: TcpProxy) => {
    while (performance.now() < endsAtMs - 500) await fault(broken, random);
  };
  await Promise.all([...lanes, shake(proxy), shake(store)]);

  const direct = connectClient(port).queue<number>("mail");
  const found = new Map<string, number>();
  for (;;) {
    const events = await eventually(() => direct.popMany(1_000, { leaseMs: 600_000 }));
    if (events.length === 0) break;
    for (const { id } of events) found.set(id, (found.get(id) ?? 0) + 1);
  }
  const wrong = [...fates].filter(([id, fate]) => {
    const times = found.get(id) ?? 0;
    return times > 1 || (fate === "done" && times === 0) || (fate === "none" && times > 0);
  });
  expect(wrong).toEqual([]);
  expect(new Set(fates.values())).toEqual(new Set(["done", "none", "unknown"]));
  expect([...found.keys()].filter((id) => !fates.has(id))).toEqual([]);
}, 60_000);
