// A program for Node that uses the client while a test breaks its connections. It ends with 0,
// unless a promise of the client rejects unheard.
import { connect, OkqError } from "okq/client";

const address = `127.0.0.1:${process.argv[2]}`;
const gone = connect("127.0.0.1:1", { retryMs: 20 });
const okq = connect(address, { commandTimeoutMs: 1_000 });
const mail = okq.queue<number>("mail");
const RUN_MS = 3_000;
const problems: unknown[] = [];

const note = (error: unknown) => {
  if (!(error instanceof OkqError)) problems.push(error);
};

const pushed = new Set<number>();
const handled = new Set<number>();
const allPushed = new AbortController();

async function produce(): Promise<void> {
  const endsAtMs = performance.now() + RUN_MS;
  const lanes = Array.from({ length: 20 }, async (_, lane) => {
    for (let n = lane; performance.now() < endsAtMs; n += 20) {
      await mail.push(n, { id: String(n) });
      pushed.add(n);
    }
  });
  await Promise.all(lanes);
  allPushed.abort();
  console.log("pushed");
}

async function consume(): Promise<void> {
  while (!allPushed.signal.aborted || handled.size < pushed.size) {
    const abort = new AbortController();
    if (Math.random() < 0.1) setTimeout(() => abort.abort(new OkqError("TEST", "aborted")), 5);
    try {
      const event = await mail.pop({ waitMs: 100, leaseMs: 1_000, signal: abort.signal });
      if (event && (await mail.ack(event))) handled.add(event.contents);
    } catch (error) {
      note(error);
    }
  }
}

async function fail(): Promise<void> {
  const queue = gone.queue("mail");
  const calls = [queue.push(1), queue.pop({ waitMs: 10 }), queue.ack({ id: "a", token: "b" })];
  await Promise.all([...calls, gone.ping(), gone.call("PING")].map((call) => call.catch(note)));
}

console.log("started");
await Promise.all([produce(), ...Array.from({ length: 20 }, consume), fail()]);
const late = [mail.pop({ waitMs: 60_000 }), okq.ping(), mail.push(1), okq.call("QSTATUS")];
const settled = Promise.allSettled(late);
await Promise.all([okq.close(), gone.close(), okq[Symbol.asyncDispose]()]);
await settled;
const all = handled.size === pushed.size && pushed.size > 100 ? "all" : `${handled.size}`;
console.log(`handled ${all} of them, problems: ${problems.join(", ") || "none"}`);
