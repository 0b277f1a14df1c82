// An okq reduced to what it does in an object store: it takes part in the election, loads the log,
// appends numbers, answers reads and makes snapshots. All of it runs in the process of the test.
import { systemClock } from "../../src/queue/clock.ts";
import type { S3Bucket } from "../../src/s3/s3-bucket.ts";
import { AppendError } from "../../src/stores/local/objects/append-error.ts";
import { Election } from "../../src/stores/local/objects/election.ts";
import type { ServerInfo } from "../../src/stores/local/objects/manifest.ts";
import { partName } from "../../src/stores/local/objects/object-names.ts";
import type { Source } from "../../src/stores/local/objects/read-all.ts";
import type { Tenure } from "../../src/stores/local/objects/tenure.ts";
import { lasting } from "../support/eventually.ts";
import type { LogLedger } from "./log-ledger.ts";

export const LEASE_MS = 300;
const APPEND_MS_MAX = 1000;
const SNAPSHOT_EVERY = 50;
const PAUSE_MS = 5;

export interface LogOkqOptions {
  name: string;
  bucket: S3Bucket;
  ledger: LogLedger;
  reaches(server: ServerInfo): Promise<boolean>;
}

export class LogOkq {
  readonly name: string;
  /** Another one after each start. */
  readonly id = crypto.randomUUID();
  readonly #bucket: S3Bucket;
  readonly #ledger: LogLedger;
  readonly #election: Election;
  #isDead = false;
  #working: Promise<void> = Promise.resolve();

  constructor({ name, bucket, ledger, reaches }: LogOkqOptions) {
    this.name = name;
    this.#bucket = bucket;
    this.#ledger = ledger;
    const self = { ...nobody, id: this.id, addr: `${name}:1`, sinceMs: Date.now() };
    this.#election = new Election({
      bucket,
      self: () => self,
      leaseMs: LEASE_MS,
      timeoutMs: APPEND_MS_MAX,
      clock: systemClock,
      reaches,
      onServe: (tenure) => this.#serve(tenure),
      onServedBy: () => {},
      // The object store fails on purpose.
      onProblem: () => {},
    });
    this.#election.start();
  }

  get isRunning(): boolean {
    return !this.#isDead;
  }

  /** As after kill -9: what is on its way may arrive, and nothing is answered any more. */
  crash(): void {
    this.#isDead = true;
    this.#bucket.close();
    void this.#election.stop();
  }

  /** Ends in order. */
  async stop(): Promise<void> {
    await this.#election.stop();
    this.#isDead = true;
    await this.#working;
    this.#bucket.close();
  }

  async #serve(tenure: Tenure): Promise<void> {
    const { ackedCount } = this.#ledger;
    const numbers = await readNumbers(this.#bucket, tenure);
    this.#ledger.checkHas(new Set(numbers), ackedCount, `what ${this.name} loads`);
    this.#working = this.#work(tenure, numbers);
  }

  async #work(tenure: Tenure, loaded: number[]): Promise<void> {
    const numbers = new Set(loaded);
    for (let turn = 1; !this.#isDead; turn++) {
      try {
        await this.#append(tenure, numbers);
        await this.#read(tenure, numbers);
        if (turn % SNAPSHOT_EVERY === 0) await this.#snapshot(tenure, numbers);
      } catch (error) {
        if (this.#isDead) return;
        if (!(error instanceof AppendError)) throw error;
        if (error.outcome === "fenced" || error.message.includes("stopped serving")) return;
        await lasting(PAUSE_MS);
      }
    }
  }

  async #append(tenure: Tenure, numbers: Set<number>): Promise<void> {
    const number = this.#ledger.issue();
    try {
      await tenure.append(Buffer.from(String(number)));
      numbers.add(number);
      if (!this.#isDead) this.#ledger.acked(number);
    } catch (error) {
      const isUnknown = error instanceof AppendError && error.outcome === "unknown";
      // It is in the log, or this okq is fenced and answers nothing more.
      if (isUnknown) numbers.add(number);
      else if (!this.#isDead) this.#ledger.refused(number);
      throw error;
    }
  }

  async #read(tenure: Tenure, numbers: Set<number>): Promise<void> {
    const { ackedCount } = this.#ledger;
    await tenure.confirm();
    if (!this.#isDead) this.#ledger.checkHas(numbers, ackedCount, `what ${this.name} answers`);
  }

  async #snapshot(tenure: Tenure, numbers: Set<number>): Promise<void> {
    const seq = tenure.next - 1;
    const name = tenure.nameSnapshot(seq);
    const body = Buffer.from(JSON.stringify([...numbers]));
    try {
      await this.#bucket.write(partName(name, 0), body);
    } catch {
      tenure.drop(name);
      return;
    }
    const snapshot = { name, parts: 1, bytes: body.byteLength, seq };
    await tenure.publish({ snapshot, segments: [] });
  }
}

const nobody: ServerInfo = {
  id: "",
  addr: "",
  isTls: false,
  certificate: null,
  httpAddr: null,
  isHttps: false,
  secret: "secret",
  sinceMs: 0,
  version: "1",
};

/** What the log and the snapshot in front of it have. */
export async function readNumbers(bucket: S3Bucket, source: Source): Promise<number[]> {
  const numbers: number[] = [];
  if (source.snapshot !== null) {
    const part = await bucket.read(partName(source.snapshot.name, 0));
    if (part === null) throw new Error(`${source.snapshot.name} is gone`);
    numbers.push(...(JSON.parse(Buffer.from(part.body).toString()) as number[]));
  }
  for await (const { body } of source.tail()) numbers.push(Number(Buffer.from(body).toString()));
  return numbers;
}
