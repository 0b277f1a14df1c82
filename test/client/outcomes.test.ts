// What the client says about a push is true, whatever breaks between client, okq and Redis: a push
// that resolves is there, and one whose outcome is "none" is not. (A queue has an id only once.)
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

/** Breaks connections, repairs them after a moment, and lets them live for a while. */
async function fault(proxy: TcpProxy, random: () => number, lifeMs: number): Promise<void> {
  const direction: Direction = random() < 0.5 ? "requests" : "replies";
  const mode = (["swallow", "hold", "pass"] as const)[Math.floor(random() * 3)]!;
  proxy.set(direction, mode);
  await lasting(random() * 300);
  // A connection that has lost bytes cannot go on.
  if (mode === "swallow" || random() < 0.5) proxy.cut();
  proxy.set(direction, "pass");
  await lasting(random() * lifeMs);
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
  const shake = async (broken: TcpProxy, lifeMs: number) => {
    while (performance.now() < endsAtMs - 500) await fault(broken, random, lifeMs);
  };
  // A client that loses its connection soon waits longer each time.
  await Promise.all([...lanes, shake(proxy, 2_000), shake(store, 300)]);

  const direct = connectClient(port).queue<number>("mail");
  const found = new Set<string>();
  await eventually(async () => {
    for await (const { id } of direct.list()) found.add(id);
    return true;
  });
  const wrong = [...fates].filter(
    ([id, fate]) => fate !== "unknown" && found.has(id) !== (fate === "done"),
  );
  expect(wrong).toEqual([]);
  const kinds = new Set(fates.values());
  expect(kinds.has("done") && kinds.size > 1).toBe(true);
  expect([...found].filter((id) => !fates.has(id))).toEqual([]);
}, 60_000);
