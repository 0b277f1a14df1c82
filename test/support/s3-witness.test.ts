// Our stand-in for S3 and R2 answer the same to the same conditional requests, so that what our
// tests take for the behaviour of an object store is not only our own idea of it.
import { expect, test } from "bun:test";
import { Random } from "../stores/random.ts";
import { closeAfterTest } from "./close-after-test.ts";
import { signedFetch } from "./s3/signed-fetch.ts";
import { startS3, testKey } from "./s3-server.ts";
import { startWitness, witnessProblem } from "./s3-witness.ts";

interface Step {
  method: "PUT" | "GET" | "DELETE";
  key: string;
  body?: string;
  condition?: "If-Match" | "If-None-Match";
  /** "*", or the body that the etag is of. */
  of?: string;
}

interface Answer {
  status: number;
  body: string;
  etag: string;
}

/** An etag of a whole object is the MD5 of its body, in both. */
function etagOf(body: string): string {
  return `"${new Bun.CryptoHasher("md5").update(body).digest("hex")}"`;
}

async function answer(url: string, { method, key, body, condition, of }: Step): Promise<Answer> {
  const headers: Record<string, string> = {};
  if (condition !== undefined) headers[condition] = of === "*" ? "*" : etagOf(of!);
  const request = { method, headers, key: testKey, ...(body !== undefined && { body }) };
  const response = await signedFetch(`${url}/bucket/${key}`, request);
  const text = await response.text();
  const isRefused = condition === "If-Match" && [404, 412].includes(response.status);
  return {
    // S3 says 404 to If-Match of an object that is not there, R2 says 412.
    status: method === "PUT" && isRefused ? 412 : response.status,
    body: response.ok ? text : "",
    etag: response.headers.get("etag") ?? "",
  };
}

/** Keys and bodies are few, so that conditions are met about as often as not. */
function randomSteps(count: number, random: Random): Step[] {
  return Array.from({ length: count }, () => {
    const key = random.of(["a", "b/c"]);
    const body = random.of(["one", "two", ""]);
    const of = random.of(["*", "one", "two", ""]);
    return random.of<Step>([
      { method: "PUT", key, body },
      { method: "PUT", key, body, condition: "If-None-Match", of: "*" },
      { method: "PUT", key, body, condition: "If-Match", of },
      { method: "GET", key },
      { method: "GET", key, condition: "If-None-Match", of },
      { method: "GET", key, condition: "If-Match", of },
      { method: "DELETE", key },
    ]);
  });
}

/** The first difference; null if they answer the same to all steps. */
async function firstDifference(ours: string, theirs: string, steps: Step[]) {
  for (const [index, step] of steps.entries()) {
    const answers = [await answer(ours, step), await answer(theirs, step)];
    if (!Bun.deepEquals(answers[0], answers[1])) {
      return { steps: steps.slice(Math.max(0, index - 10), index + 1), answers };
    }
  }
  return null;
}

const problem = witnessProblem();
const witnessed = test.skipIf(problem !== null);
const suffix = problem === null ? "" : `: ${problem}`;
const seeds = process.env["OKQ_SEEDS"]?.split(",").map(Number) ?? [1, 2, 3];

for (const seed of seeds) {
  witnessed(`answers conditional requests as R2 does (seed ${seed})${suffix}`, async () => {
    const server = closeAfterTest(startS3());
    const witness = closeAfterTest(await startWitness());
    const steps = randomSteps(200, new Random(seed));
    expect(await firstDifference(server.url, witness.url, steps)).toBe(null);
  });
}

witnessed(`the comparison finds an object store without conditions${suffix}`, async () => {
  const witness = closeAfterTest(await startWitness());
  for (const weakness of ["ignoresIfMatch", "ignoresIfNoneMatch"] as const) {
    const server = closeAfterTest(startS3({ [weakness]: true }));
    const steps = randomSteps(200, new Random(1));
    expect(await firstDifference(server.url, witness.url, steps)).not.toBe(null);
  }
});

witnessed(`one of many that create the same object at once does it${suffix}`, async () => {
  const server = closeAfterTest(startS3());
  const witness = closeAfterTest(await startWitness());
  for (const { url } of [server, witness]) {
    const create: Step = { method: "PUT", key: "a", condition: "If-None-Match", of: "*" };
    const bodies = ["one", "two", "three", "four"];
    const answers = await Promise.all(bodies.map((body) => answer(url, { ...create, body })));
    const created = bodies.find((_, index) => answers[index]!.status === 200);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412]);
    expect(await answer(url, { method: "GET", key: "a" })).toMatchObject({ body: created! });
  }
});
