// An okq process with a journal as simple as can be: a list of operations, which are numbers.

import type { Clock } from "../../../src/queue/clock.ts";
import type { Bucket } from "../../../src/s3/bucket.ts";
import { AppendError } from "../../../src/stores/local/objects/append-error.ts";
import { DamageError } from "../../../src/stores/local/objects/damage-error.ts";
import { Election } from "../../../src/stores/local/objects/election.ts";
import { firstLive, type SegmentRef } from "../../../src/stores/local/objects/manifest.ts";
import { partName } from "../../../src/stores/local/objects/object-names.ts";
import type { Tenure } from "../../../src/stores/local/objects/tenure.ts";
import { type Account, serverInfo } from "./account.ts";

export const LEASE_MS = 1000;

interface Entry {
  seq: number;
  operation: number;
}

interface Surroundings {
  account: Account;
  reaches(id: string): boolean;
}

let operations = 0;

export class Member {
  readonly election: Election;
  readonly #account: Account;
  readonly #bucket: Bucket;
  tenure: Tenure | null = null;
  isDead = false;
  isBusy = false;
  isPublishing = false;
  #entries: Entry[] = [];
  #segments: SegmentRef[] = [];
  #covered = 0;

  constructor(
    world: Surroundings,
    readonly id: string,
    bucket: Bucket,
    clock: Clock,
  ) {
    this.#account = world.account;
    this.#bucket = bucket;
    this.election = new Election({
      bucket,
      clock,
      leaseMs: LEASE_MS,
      timeoutMs: 2000,
      self: () => serverInfo(id),
      reaches: async (server) => world.reaches(server.id),
      onServe: (tenure) => this.#open(tenure),
      onServedBy: () => {},
      onProblem: (error) => {
        if (error instanceof DamageError) this.#account.fail(`${id}: ${error.message}`);
      },
    });
    this.election.start();
  }

  get operations(): number[] {
    return this.#entries.map(({ operation }) => operation);
  }

  async #open(tenure: Tenure): Promise<void> {
    const { snapshot, segments } = tenure;
    const entries: Entry[] = [];
    if (snapshot !== null) entries.push(...(await this.#read(partName(snapshot.name, 0))));
    for (const { name } of segments) entries.push(...(await this.#read(name)));
    for await (const { seq, body } of tenure.tail()) {
      entries.push({ seq, operation: Number(Buffer.from(body)) });
    }
    if (this.isDead) return;
    this.#entries = entries;
    this.#segments = [...segments];
    this.#covered = firstLive(tenure) - 1;
    const { operations: own } = this;
    const { epoch } = tenure;
    this.#account.checkServed({ id: `${this.id} (epoch ${epoch})`, epoch, operations: own });
    this.tenure = tenure;
    this.isBusy = false;
    this.isPublishing = false;
    void tenure.fenced.then(() => {
      if (this.tenure === tenure) this.tenure = null;
    });
  }

  async #read(name: string): Promise<Entry[]> {
    const found = await this.#bucket.read(name);
    if (found === null) throw new Error(`${name} is missing`);
    return JSON.parse(Buffer.from(found.body).toString()) as Entry[];
  }

  /** A client pushes. */
  async append(): Promise<void> {
    const { tenure } = this;
    if (tenure === null || this.isBusy) return;
    this.isBusy = true;
    const operation = ++operations;
    this.#account.submit(operation);
    const seq = tenure.next;
    try {
      await tenure.append(Buffer.from(String(operation)));
      this.#note(tenure, { seq, operation });
      if (!this.isDead) this.#account.acknowledge(operation, tenure.epoch);
    } catch (error) {
      this.#failed(tenure, error as AppendError, { seq, operation });
    }
    if (this.tenure === tenure) this.isBusy = false;
  }

  #failed(tenure: Tenure, error: AppendError, entry: Entry): void {
    if (!(error instanceof AppendError)) return this.#account.fail(String(error));
    if (error.outcome === "unknown") {
      this.#account.counts.unknown++;
      this.#note(tenure, entry);
    } else if (!this.isDead) this.#account.tellUndone(entry.operation);
  }

  #note(tenure: Tenure, entry: Entry): void {
    if (this.tenure === tenure) this.#entries.push(entry);
  }

  /** A client reads. */
  async confirm(): Promise<void> {
    const { tenure } = this;
    if (tenure === null) return;
    const before = [...this.#account.acknowledged];
    const seen = this.operations;
    try {
      await tenure.confirm();
      if (this.isDead) return;
      this.#account.checkRead(this.id, seen, before);
    } catch (error) {
      if (!(error instanceof AppendError)) this.#account.fail(String(error));
    }
  }

  /** As a segment, or everything as a snapshot. */
  async publish(isSegment: boolean): Promise<void> {
    const { tenure } = this;
    if (tenure === null || this.isPublishing) return;
    const [from, to] = [this.#covered + 1, tenure.next - 1];
    if (to < from) return;
    this.isPublishing = true;
    const name = isSegment ? tenure.nameSegment(from, to) : tenure.nameSnapshot(to);
    const entries = this.#entries.filter(({ seq }) => seq <= to && (seq >= from || !isSegment));
    const body = Buffer.from(JSON.stringify(entries));
    const bytes = body.length;
    const segments = isSegment ? [...this.#segments, { name, bytes, from, to }] : [];
    try {
      await this.#bucket.write(isSegment ? name : partName(name, 0), body);
    } catch {
      tenure.drop(name);
      this.isPublishing = false;
      return;
    }
    const snapshot = isSegment ? {} : { snapshot: { name, parts: 1, bytes, seq: to } };
    try {
      await tenure.publish({ ...snapshot, segments });
      this.#account.counts.published++;
      [this.#covered, this.#segments] = [to, segments];
    } catch (error) {
      if (!(error instanceof AppendError)) this.#account.fail(String(error));
    }
    if (this.tenure === tenure) this.isPublishing = false;
  }
}
