// When credentials are renewed, who waits for that, and what happens if it fails.
import { expect, test } from "bun:test";
import { CredentialSource } from "../../src/s3/credentials/credential-source.ts";
import type { CredentialPlace, Credentials } from "../../src/s3/credentials/credentials.ts";
import { eventually } from "../support/eventually.ts";

const MINUTE_MS = 60_000;

function keysUntil(accessKeyId: string, endMs: number | null): Credentials {
  return { accessKeyId, secretAccessKey: "hunter2", sessionToken: null, endMs };
}

/** A place whose answers the test gives, one by one. */
class TestPlace implements CredentialPlace {
  readonly asked: PromiseWithResolvers<Credentials>[] = [];
  nowMs = 1_000_000;
  readonly problems: string[] = [];
  readonly source = new CredentialSource({
    places: [this],
    onProblem: ({ message }) => this.problems.push(message),
    nowMs: () => this.nowMs,
  });

  find(): Promise<Credentials> {
    const answer = Promise.withResolvers<Credentials>();
    this.asked.push(answer);
    return answer.promise;
  }

  async idOf(promise: Promise<Credentials | null>): Promise<string | undefined> {
    return (await promise)?.accessKeyId;
  }

  /** Holds credentials that end after this time. */
  async open(lifeMs: number | null): Promise<void> {
    const first = this.source.get();
    const endMs = lifeMs === null ? null : this.nowMs + lifeMs;
    this.asked[0]!.resolve(keysUntil("first", endMs));
    await first;
  }
}

test("all requests share the first search", async () => {
  const place = new TestPlace();
  const both = Promise.all([place.source.get(), place.source.get()]);
  expect(place.asked).toHaveLength(1);
  place.asked[0]!.resolve(keysUntil("first", null));
  expect((await both).map(({ accessKeyId }) => accessKeyId)).toEqual(["first", "first"]);
});

test("keys without an end are never renewed", async () => {
  const place = new TestPlace();
  await place.open(null);
  place.nowMs *= 1_000_000;
  expect(await place.idOf(place.source.get())).toBe("first");
  expect(place.asked).toHaveLength(1);
});

test("renews 15 minutes before the end, and nobody waits for it", async () => {
  const place = new TestPlace();
  await place.open(6 * 60 * MINUTE_MS);
  place.nowMs += 344 * MINUTE_MS;
  expect(await place.idOf(place.source.get())).toBe("first");
  expect(place.asked).toHaveLength(1);
  place.nowMs += 2 * MINUTE_MS;
  expect(await place.idOf(place.source.get())).toBe("first");
  expect(await place.idOf(place.source.get())).toBe("first");
  expect(place.asked).toHaveLength(2);
  place.asked[1]!.resolve(keysUntil("second", place.nowMs + 60 * MINUTE_MS));
  await eventually(async () => (await place.source.get()).accessKeyId === "second");
  expect(place.asked).toHaveLength(2);
});

test("renews short-lived credentials in the last quarter of their life", async () => {
  const place = new TestPlace();
  await place.open(8 * MINUTE_MS);
  place.nowMs += 5.9 * MINUTE_MS;
  await place.source.get();
  expect(place.asked).toHaveLength(1);
  place.nowMs += 0.2 * MINUTE_MS;
  await place.source.get();
  expect(place.asked).toHaveLength(2);
});

test("requests wait for the renewal in the last minute", async () => {
  const place = new TestPlace();
  await place.open(60 * MINUTE_MS);
  place.nowMs += 59.5 * MINUTE_MS;
  const waiting = [place.source.get(), place.source.get()];
  expect(place.asked).toHaveLength(2);
  place.asked[1]!.resolve(keysUntil("second", null));
  expect(await Promise.all(waiting.map((one) => place.idOf(one)))).toEqual(["second", "second"]);
});

test("uses the old ones while a renewal fails, and asks again after a pause", async () => {
  const place = new TestPlace();
  await place.open(60 * MINUTE_MS);
  place.nowMs += 50 * MINUTE_MS;
  await Promise.all([place.source.get(), place.source.get()]);
  place.asked[1]!.reject(new Error("no answer"));
  await eventually(() => place.problems.length > 0);
  expect(await place.idOf(place.source.get())).toBe("first");
  expect(place.asked).toHaveLength(2);
  expect(place.problems).toEqual(["no answer"]);
  place.nowMs += 21_000;
  expect(await place.idOf(place.source.get())).toBe("first");
  expect(place.asked).toHaveLength(3);
  place.nowMs += 9.5 * MINUTE_MS;
  const waiting = place.source.get();
  place.asked[2]!.reject(new Error("no answer"));
  expect(await place.idOf(waiting)).toBe("first");
});

test("fails once they have ended and no others can be had", async () => {
  const place = new TestPlace();
  await place.open(60 * MINUTE_MS);
  place.nowMs += 61 * MINUTE_MS;
  const waiting = place.source.get();
  place.asked[1]!.reject(new Error("no answer"));
  await expect(waiting).rejects.toThrow("no answer");
  const next = place.source.get();
  place.asked[2]!.resolve(keysUntil("second", null));
  expect(await place.idOf(next)).toBe("second");
});

test("replaces refused credentials once for all requests that had them", async () => {
  const place = new TestPlace();
  await place.open(null);
  const old = await place.source.get();
  const both = [place.source.replace(old), place.source.replace(old)];
  expect(place.asked).toHaveLength(2);
  place.asked[1]!.resolve(keysUntil("second", null));
  expect(await Promise.all(both.map((one) => place.idOf(one)))).toEqual(["second", "second"]);
  expect(await place.idOf(place.source.replace(old))).toBe("second");
  expect(place.asked).toHaveLength(2);
});

test("the same credentials are no replacement", async () => {
  const place = new TestPlace();
  await place.open(null);
  const old = await place.source.get();
  const replaced = place.source.replace(old);
  place.asked[1]!.resolve(keysUntil("first", null));
  expect(await replaced).toBeNull();
});

test("stays with the place that had some, and names all places if none has", async () => {
  const calls: string[] = [];
  const place = (name: string, found: Credentials | null): CredentialPlace => ({
    async find() {
      calls.push(name);
      return found ?? { missing: `${name} is not set` };
    },
  });
  const [a, b, c] = [place("A", null), place("B", keysUntil("b", null)), place("C", null)];
  const source = new CredentialSource({ places: [a!, b!, c!], onProblem: () => {} });
  await source.replace(await source.get());
  expect(calls).toEqual(["A", "B", "B"]);
  const none = new CredentialSource({ places: [a!, c!], onProblem: () => {} });
  await expect(none.get()).rejects.toThrow("no credentials: A is not set; C is not set");
});
