// Three okq processes, reduced to their work in an object store, append to one log while the object
// store fails in every way, and while they crash, stop and are cut off. Nothing that was
// acknowledged is missing, nothing that was refused is there, and no read is stale.
import { expect, test } from "bun:test";
import type { S3Bucket } from "../../src/s3/s3-bucket.ts";
import {
  type Manifest,
  parseManifest,
  type ServerInfo,
} from "../../src/stores/local/objects/manifest.ts";
import { readAll } from "../../src/stores/local/objects/read-all.ts";
import { openTestBucket, credentialsOf } from "../s3/open-test-bucket.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { type S3Server, startS3 } from "../support/s3-server.ts";
import type { Fault } from "../support/s3/s3-faults.ts";
import type { Weakness } from "../support/s3/s3-objects.ts";
import { LogLedger } from "./log-ledger.ts";
import { LEASE_MS, LogOkq, readNumbers } from "./log-okq.ts";
import { randomOf, report, rounds, timeoutFor } from "./rounds.ts";

const ROUND_MS = 5000;
const FAULTS = 16;
const REQUEST_MS_MAX = 300;
/** For a put that is held while another okq takes over. */
const PATIENT_MS = 20_000;
const names = ["a", "b", "c"];

/** Each hits for a while. */
const faults: Fault[] = [
  { kind: "error-before", chance: 0.2 },
  { kind: "error-after", chance: 0.2 },
  { kind: "slow-down", chance: 0.2 },
  { kind: "conflict", operation: "put", chance: 0.2 },
  { kind: "cut-before", chance: 0.2 },
  { kind: "cut-after", operation: "put", chance: 0.3 },
  { kind: "cut-body", operation: "get", chance: 0.2 },
  { kind: "stall", operation: "put", times: 1 },
  { kind: "stall-after", operation: "put", times: 1 },
  { kind: "hold", operation: "put", times: 2, isAccepted: true },
  { kind: "hold", operation: "put", key: "manifest", times: 1, isAccepted: true },
  { kind: "delay-request", ms: [0, REQUEST_MS_MAX] },
  { kind: "delay-reply", ms: [0, REQUEST_MS_MAX] },
  { kind: "stale-list", ms: 1000 },
];

class Round {
  readonly s3: S3Server;
  readonly ledger = new LogLedger();
  readonly #okqs = new Map<string, LogOkq>();
  /** From 0 up to, not including, the end. */
  readonly #below: (end: number) => number;

  constructor(random: (from: number, to: number) => number, weakness: Weakness = {}) {
    this.#below = (end) => random(0, end - 1);
    const keys = names.map((accessKey) => ({ accessKey, secret: accessKey }));
    this.s3 = closeAfterTest(startS3({ keys, seed: this.#below(2 ** 30), ...weakness }));
  }

  start(name: string, requestMsMax = REQUEST_MS_MAX): void {
    const bucket = this.open(name, requestMsMax);
    const reaches = async (server: ServerInfo) => this.#reaches(server);
    this.#okqs.set(name, new LogOkq({ name, bucket, ledger: this.ledger, reaches }));
  }

  open(name: string, timeoutMs = REQUEST_MS_MAX): S3Bucket {
    const keys = { accessKeyId: name, secretAccessKey: name, sessionToken: null, endMs: null };
    const credentials = credentialsOf(keys);
    return openTestBucket(this.s3.url, { credentials, timeoutMs });
  }

  manifest(): Manifest {
    return parseManifest(this.s3.bodyOf("okq/a=1/manifest.json")!, this.s3.url);
  }

  /** Does something bad for a while, mostly to the one that serves. */
  async disturb(): Promise<void> {
    const serving = this.manifest().server?.addr.split(":")[0];
    const any = names[this.#below(names.length)]!;
    const name = serving === undefined || this.#below(3) === 0 ? any : serving;
    const okq = this.#okqs.get(name)!;
    const what = this.#below(10);
    if (what === 0 && okq.isRunning) okq.crash();
    else if (what === 1 && okq.isRunning) await okq.stop();
    else if (what === 2) this.s3.cutOff(name, "hold");
    else if (what === 3) this.s3.cutOff(name, "swallow");
    else if (what === 4) this.s3.refuse(true);
    else this.s3.fault({ ...faults[this.#below(faults.length)]!, ...this.#onlyOf(name) });
    await lasting(this.#below(2) === 0 ? LEASE_MS / 4 : 3 * LEASE_MS);
    this.s3.refuse(false);
    if (this.#below(3) > 0) this.s3.clearFaults();
    if (this.#below(3) > 0) this.heal();
  }

  /** Lets held requests arrive, and starts what has ended. */
  heal(): void {
    for (const name of names) this.s3.reconnect(name);
    for (const name of names) if (!this.#okqs.get(name)!.isRunning) this.start(name);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#okqs.values()].map((okq) => okq.stop()));
    this.s3.release();
  }

  /** What the log has, in order. */
  async read(): Promise<number[]> {
    const bucket = this.open(names[0]!);
    return await readAll(bucket, (source) => readNumbers(bucket, source));
  }

  /** Half of the faults hit one okq alone. */
  #onlyOf(accessKey: string): Partial<Fault> {
    return this.#below(2) === 0 ? { accessKey } : {};
  }

  /** Whether it runs and can use the object store, which is not always noticed. */
  #reaches({ id }: ServerInfo): boolean {
    const okq = [...this.#okqs.values()].find((each) => each.id === id);
    if (okq === undefined || !okq.isRunning || this.s3.isCutOff(okq.name)) return false;
    return this.#below(4) > 0;
  }
}

async function run(round: Round): Promise<void> {
  const { ledger, s3 } = round;
  for (const name of names) round.start(name);
  await eventually(() => ledger.ackedCount > 0);
  for (let fault = 0; fault < FAULTS; fault++) await round.disturb();
  s3.clearFaults();
  round.heal();
  const before = ledger.ackedCount;
  await eventually(() => ledger.ackedCount > before + 10, { message: "an okq serves again" });
  await round.stop();
  ledger.checkLog(await round.read());
}

const random = randomOf("log in an object store");

for (let number = 1; number <= rounds; number++) {
  test(
    `the log of an object store that fails keeps its promises (round ${number})`,
    async () => {
      const round = new Round(random);
      await run(round);
      const { epoch } = round.manifest();
      report("log in an object store", { ...round.ledger.figures, ...round.s3.counts(), epoch });
      expect(round.ledger.problems).toEqual([]);
    },
    timeoutFor(ROUND_MS),
  );
}

/** An okq is cut off in the middle of a put, which arrives when another one has taken over. */
async function waitForZombie(weakness: Weakness): Promise<Round> {
  const round = new Round(random, weakness);
  const { ledger, s3 } = round;
  round.start("a", PATIENT_MS);
  await eventually(() => ledger.ackedCount > 0);
  s3.cutOff("a", "hold");
  round.start("b");
  await eventually(() => round.manifest().server?.addr === "b:1");
  const before = ledger.ackedCount;
  await eventually(() => ledger.ackedCount > before + 10);
  s3.reconnect("a");
  const after = ledger.ackedCount;
  await eventually(() => ledger.ackedCount > after + 10);
  return round;
}

test("a put that arrives after a takeover is refused", async () => {
  const round = await waitForZombie({});
  await round.stop();
  round.ledger.checkLog(await round.read());
  expect(round.ledger.problems).toEqual([]);
});

test("the account finds an object store that ignores If-None-Match", async () => {
  const round = await waitForZombie({ ignoresIfNoneMatch: true });
  await round.stop();
  expect(round.ledger.problems).not.toEqual([]);
});
