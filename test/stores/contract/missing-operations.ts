// While the stores learn new operations: which ones a store does not know yet. The chapters on all
// operations are passed over for it.
import { NO_OPTIONS } from "../../../src/queue/event.ts";
import type { Operation } from "../../../src/queue/operations.ts";
import type { StoreUnderTest } from "../contract.ts";

const queue = Buffer.from("nowhere");
const id = Buffer.from("nothing");
const claim = { queue, id, token: null };
const contents = id;

/** Operations that change nothing in an empty store. */
const samples: Operation[] = [
  { kind: "push", queue, end: "left", id: null, contents, options: null },
  { kind: "pushBatch", queue, end: "left", events: [], options: NO_OPTIONS },
  { kind: "popBatch", queues: [queue], count: 1, leaseMs: 1, claimant: id },
  { kind: "ackBatch", queue, claims: [] },
  { kind: "fail", ...claim, error: null, next: "final" },
  { kind: "crash", ...claim },
  { kind: "touch", ...claim, leaseMs: 1, progress: null, log: null },
  { kind: "touchBatch", queue, claims: [], leaseMs: 1 },
  { kind: "get", queue, id },
  { kind: "scan", queue, state: "ready", after: null, limit: 1, isReverse: false, isWhole: false },
  { kind: "remove", queue, targets: [] },
  { kind: "retry", queue, targets: [], end: "left" },
  { kind: "settings", queue },
  { kind: "configure", queue, values: [] },
  { kind: "resume", queue, directions: ["in"], worker: null },
];

/** A store that does not know an operation may not answer it at all. */
const ANSWER_MS = 2000;

/** Asks a new store once, and says on the console what it lacks. */
export function missingOperations(open: () => Promise<StoreUnderTest>): () => Promise<string[]> {
  let asked: Promise<string[]> | null = null;
  return () => (asked ??= ask(open));
}

async function ask(open: () => Promise<StoreUnderTest>): Promise<string[]> {
  const under = await open();
  const missing: string[] = [];
  for (const operation of samples) {
    const answer = under.store.session().ask(operation);
    const outcome = Promise.race([
      answer.then(
        () => "done",
        (error: unknown) => String(error),
      ),
      new Promise<string>((resolve) => {
        setTimeout(() => resolve("not yet"), ANSWER_MS);
      }),
    ]);
    // oxlint-disable-next-line no-await-in-loop -- the first one that is missing is enough
    if ((await outcome) !== "done") {
      missing.push(operation.kind);
      break;
    }
  }
  if (missing.length > 0) console.log(`skipped: the store does not know ${missing.join(", ")} yet`);
  await under.close();
  return missing;
}
