// Several okq processes on one bucket can be crashed, frozen and cut off, one by one, and have
// clocks of their own.
import { expect, setDefaultTimeout, test } from "bun:test";
import { canFakeClocks, noFakedClocks } from "./faked-clock.ts";
import { eventually } from "./eventually.ts";
import { ask } from "./readable.ts";
import { type S3Okq, type S3OkqOptions, type S3Okqs, startS3Okqs } from "./s3-okq.ts";

setDefaultTimeout(60_000);

const MINUTE_MS = 60_000;
const noRequests = { put: 0, get: 0, head: 0, delete: 0, deleteMany: 0, list: 0, other: 0 };

async function startTwo(options: S3OkqOptions = {}): Promise<[S3Okq, S3Okq, S3Okqs]> {
  const okqs = await startS3Okqs(options);
  const [one, two] = okqs.all as [S3Okq, S3Okq];
  expect(okqs.serving()).toBe(one);
  return [one, two, okqs];
}

/** Pushes, and again while nobody serves. */
async function push(okq: S3Okq, id: string): Promise<void> {
  const pushed = async () => {
    const client = await okq.connect();
    const reply = await ask(client, "QLPUSH", "q", id, "contents").finally(() => client.close());
    return !String(reply).startsWith("-LOADING");
  };
  await eventually(pushed, { message: `${id} is pushed` });
}

test("the other okq serves when one is crashed, which then stands by", async () => {
  const [one, two, okqs] = await startTwo();
  await push(one, "1");
  await one.crash();
  expect(await okqs.untilServing(one)).toBe(two);
  await push(two, "2");
  await one.start();
  await push(one, "3");
  expect(okqs.serving()).toBe(two);
  const client = await two.connect();
  expect(await ask(client, "LLEN", "q")).toBe(3);
  client.close();
});

test("okq processes that have nothing to do only read", async () => {
  // On a busy machine okq misses a sign of life with a shorter lease, and asks for one by a put.
  const [one, , { s3 }] = await startTwo({ leaseMs: 4000 });
  await push(one, "1");
  const untilRead = async (times: number) => {
    s3.forget();
    await eventually(() => s3.counts().get >= times);
  };
  // What follows a push is done then.
  await untilRead(3);
  await untilRead(6);
  const { get } = s3.counts();
  expect(s3.counts()).toEqual({ ...noRequests, get });
});

test("the other okq serves at once when one is stopped", async () => {
  const [one, two, okqs] = await startTwo();
  expect(await one.stop()).toBe(0);
  expect(await okqs.untilServing(one)).toBe(two);
});

test("the other okq serves when one is frozen, or cut off from the bucket", async () => {
  const [one, two, okqs] = await startTwo();
  await push(one, "1");
  one.freeze();
  await okqs.untilServing(one);
  one.thaw();
  await push(one, "2");
  two.leaveBucket();
  expect(await okqs.untilServing(two)).toBe(one);
  two.rejoinBucket();
  await push(two, "3");
});

test.skipIf(!canFakeClocks)(
  `an okq whose clock is an hour off cannot serve${noFakedClocks}`,
  async () => {
    const [one, two, okqs] = await startTwo({ hasClocks: true });
    one.clock!.set(5 * MINUTE_MS);
    await push(one, "1");
    one.clock!.set(60 * MINUTE_MS);
    expect(await okqs.untilServing(one)).toBe(two);
    await eventually(() => one.log.includes("RequestTimeTooSkewed"));
  },
);
