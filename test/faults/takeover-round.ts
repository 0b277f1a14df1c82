// A round under faults: clients of all okq processes on one bucket push, pop, acknowledge and hand
// over events, with an account of each. In the end the account, the okq that serves and the bucket
// must agree.
import { expect } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import type { Decoded } from "../support/reply-decoder.ts";
import type { S3Okq, S3Okqs } from "../support/s3-okq.ts";
import { idsIn } from "./bucket-contents.ts";
import { HandOver } from "./handover.ts";
import { Load } from "./load.ts";
import { checked, untilWorked } from "./until-accepted.ts";

const HANDED_OVER_MAX = 2000;
/** For a slow machine. */
const PATIENCE_MS = 120_000;

/** All that a client may see. */
const ALLOWED = new Set(["LOADING store unavailable", "ERR store outcome unknown"]);

export class TakeoverRound {
  readonly okqs: S3Okqs;
  /** From and to, both included. */
  readonly random: (from: number, to: number) => number;
  /** Times from the end of one okq until another one serves. */
  readonly takeoverMs: number[] = [];
  readonly #load: Load;
  readonly #handOver: HandOver;
  readonly #queues: string[];
  readonly #handed: [string, string];

  private constructor(
    { okqs, random }: Pick<TakeoverRound, "okqs" | "random">,
    { load, handOver, queues, handed }: RoundParts,
  ) {
    this.okqs = okqs;
    this.random = random;
    this.#load = load;
    this.#handOver = handOver;
    this.#queues = queues;
    this.#handed = handed;
  }

  /** Each round has queues of its own. */
  static async start(
    okqs: S3Okqs,
    number: number,
    random: TakeoverRound["random"],
  ): Promise<TakeoverRound> {
    let turn = 0;
    const port = () => okqs.all[turn++ % okqs.all.length]!.port;
    const queues = [`a-${number}`, `b-${number}`];
    const handed: [string, string] = [`in-${number}`, `out-${number}`];
    const serving = await okqs.untilServing();
    const handOver = closeAfterTest(
      await HandOver.start(serving.port, HANDED_OVER_MAX, { queues: handed, port }),
    );
    const hasTokens = random(0, 1) === 1;
    const load = closeAfterTest(
      new Load({ port, producers: 3, consumers: 3, queues, hasTokens, ahead: 100 }),
    );
    const round = new TakeoverRound({ okqs, random }, { load, handOver, queues, handed });
    await round.progress();
    return round;
  }

  /** Resolves after so many more pushes, acknowledgements and hand-overs. */
  async progress(count = this.random(5, 60)): Promise<void> {
    await Promise.all([
      this.#load.progress(count, PATIENCE_MS),
      this.#handOver.progress(Math.ceil(count / 4), PATIENCE_MS),
    ]);
  }

  /** How far the clients are, for a round that fails. */
  describe(): string {
    const { pushed, acked, errors } = this.#load;
    const done = this.#handOver.count("done");
    const all = [...errors, ...this.#handOver.errors];
    return `${pushed} pushed, ${acked} acknowledged, ${done} handed over; ${JSON.stringify(all)}`;
  }

  /** Resolves when another okq than that one, which has just ended or was cut off, serves. */
  async takenOver(from: S3Okq): Promise<void> {
    const startedAt = performance.now();
    await this.okqs.untilServing(from);
    this.takeoverMs.push(performance.now() - startedAt);
  }

  /** Clocks were set, which may end leases early. */
  clocksMoved(): void {
    this.#load.account.clockMoved();
  }

  /** Throws if an event is lost, came back, or is elsewhere than it should be. */
  async settle(): Promise<Record<string, unknown>> {
    const { okqs } = this;
    await this.#load.stop();
    await this.#handOver.close();
    const serving = await okqs.untilServing();
    const handedOver = await this.#handOver.settle(serving.port);
    const stored = await idsIn(okqs.s3, [...this.#queues, ...this.#handed]);
    this.#load.account.checkStored(new Set([...stored[0]!, ...stored[1]!]));
    this.#handOver.check(stored[2]!, stored[3]!);
    await this.#load.drain(serving.port, PATIENCE_MS);
    const totals = this.#load.account.settle();
    await this.#flush(serving);
    const left = await idsIn(okqs.s3, [...this.#queues, ...this.#handed]);
    expect(left.map(({ size }) => size)).toEqual([0, 0, 0, 0]);
    const errors = [...new Set([...this.#load.errors.keys(), ...this.#handOver.errors])];
    const odd = errors.filter((error) => !ALLOWED.has(error.replace(/^EXECABORT [^:]*: /, "")));
    expect(odd).toEqual([]);
    return { ...totals, handedOver, errors, slowestMs: Math.round(this.#load.slowestMs) };
  }

  async #flush({ port }: S3Okq): Promise<void> {
    await untilWorked(
      () => port,
      async (wire) => {
        for (const queue of this.#handed) checked(await wire.call("QFLUSH", queue));
        const rows = checked(await wire.call("QSTATUS", ...this.#handed)) as Decoded[][];
        if (rows.some(([, total]) => total !== 0)) throw new Error("not all is flushed");
      },
    );
  }
}

interface RoundParts {
  load: Load;
  handOver: HandOver;
  queues: string[];
  handed: [string, string];
}
