// Log lines about a bucket: each trouble once, and once more when it is over.
import { expect, test } from "bun:test";
import { objectsLog } from "../../src/app/store-log.ts";
import { createLog } from "../../src/log/log.ts";

function start() {
  const lines: string[] = [];
  const log = createLog("text", false, (line) => lines.push(line.slice(25).trimEnd()));
  return { lines, notices: objectsLog(log, "s3://b") };
}

test("an okq that stands by logs each time that the bucket is away, and its end", () => {
  const { lines, notices } = start();
  notices.onStandby("10.0.0.1:4777");
  for (const problem of ["first", "second"]) {
    notices.onProblem(new Error(problem));
    notices.onProblem(new Error(problem));
    notices.onReached("10.0.0.1:4777", null);
    notices.onReached("10.0.0.1:4777", null);
  }
  const trouble = "warn  cannot look after the bucket, okq tries again store=s3://b error=";
  const end = "info  looks after the bucket again store=s3://b";
  expect(lines.slice(1)).toEqual([`${trouble}first`, end, `${trouble}second`, end]);
});

test("an okq that has just begun to serve may need a moment before others reach it", () => {
  const { lines, notices } = start();
  notices.onStandby("10.0.0.1:4777");
  notices.onReached("10.0.0.1:4777", "it does not answer");
  notices.onReached("10.0.0.1:4777", null);
  expect(lines).toHaveLength(1);
  notices.onReached("10.0.0.1:4777", "it does not answer");
  notices.onReached("10.0.0.1:4777", null);
  expect(lines).toHaveLength(3);
});

test("trouble with the bucket is not over while the okq that serves is not reached", () => {
  const { lines, notices } = start();
  notices.onProblem(new Error("away"));
  notices.onReached("10.0.0.1:4777", "it does not answer");
  expect(lines.some((line) => line.includes("looks after the bucket again"))).toBe(false);
});
