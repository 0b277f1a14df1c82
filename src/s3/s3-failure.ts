// What becomes of a request that an object store did not do: the BucketError with one line for the
// operator, who learns what the object store said, and what to change.
import { BucketError, type BucketOutcome } from "./bucket.ts";
import { parseProblem, type S3Problem } from "./s3-xml.ts";

const MESSAGE_CHARS_MAX = 300;

/** What was tried: "cannot write log/1 in s3://queues/okq". */
export interface Attempt {
  /** "read", "write", "remove" or "list". */
  verb: string;
  name: string;
  /** s3://bucket/prefix */
  url: string;
  isWrite: boolean;
}

export interface Refusal {
  status: number;
  headers: Headers;
  problem: S3Problem;
}

export function refusalOf(status: number, headers: Headers, body: Uint8Array): Refusal {
  const problem = parseProblem(new TextDecoder().decode(body));
  problem.region ??= headers.get("x-amz-bucket-region");
  return { status, headers, problem };
}

/**
 * An answer of 5xx says nothing about a write: the object store may have done it, or do it later.
 * That includes 503 SlowDown: AWS sends it instead of doing something, but MinIO also if it wrote
 * too few copies. Those of 4xx, 429 among them, refuse something before it is begun.
 */
export function failureOf(attempt: Attempt, refusal: Refusal): BucketError {
  const { status, problem } = refusal;
  const isRefused = status < 500 || status === 501;
  const message = problem.message.slice(0, MESSAGE_CHARS_MAX).replace(/\.$/, "");
  const said = [`${status} ${problem.code}`.trim(), message].filter(Boolean).join(": ");
  const advice = adviceOf(refusal);
  const text = advice === null ? said : `${said}; ${advice}`;
  const outcome = isRefused ? "none" : outcomeOf(attempt);
  return bucketError(attempt, outcome, text, !isRefused || mayPass(refusal));
}

/** No answer came, or not all of it. */
export function lossOf(attempt: Attempt, reason: string): BucketError {
  return bucketError(attempt, outcomeOf(attempt), reason, true);
}

/** The request was not even sent. */
export function unsentOf(attempt: Attempt, reason: string, passes: boolean): BucketError {
  return bucketError(attempt, "none", reason, passes);
}

/** The answer is not what it should be, and so will be the next one. */
export function oddAnswer(attempt: Attempt, reason: string): BucketError {
  return bucketError(attempt, outcomeOf(attempt), reason, false);
}

function outcomeOf({ isWrite }: Attempt): BucketOutcome {
  return isWrite ? "unknown" : "none";
}

function bucketError(
  { verb, name, url }: Attempt,
  outcome: BucketOutcome,
  reason: string,
  passes: boolean,
): BucketError {
  const line = reason.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return new BucketError(outcome, `cannot ${verb} ${name} in ${url}: ${line}`, passes);
}

const passing = new Set([
  "BadDigest",
  "IncompleteBody",
  "OperationAborted",
  "RequestTimeout",
  "XAmzContentSHA256Mismatch",
]);

function mayPass({ status, problem }: Refusal): boolean {
  return [408, 409, 425, 429].includes(status) || passing.has(problem.code);
}

/** Whether other credentials may help: those of the request are no longer valid. */
export function isOutdated({ status, problem }: Refusal): boolean {
  const codes = ["ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId"];
  return (status === 400 || status === 403) && codes.includes(problem.code);
}

const advices: Record<string, string> = {
  AccessDenied:
    "the access key needs s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket there",
  ExpiredToken: "the session token is too old",
  InvalidAccessKeyId: "the object store does not know the access key",
  InvalidToken: "the session token is not that of the access key",
  MethodNotAllowed: "the endpoint may need --s3-path-style",
  NoSuchBucket: "create the bucket first, or give its right name",
  NotImplemented: "the object store lacks something that okq needs",
  SignatureDoesNotMatch: "the secret access key is wrong, or something changes requests",
};

function adviceOf({ status, headers, problem }: Refusal): string | null {
  const { code, region } = problem;
  const isElsewhere = status === 301 || status === 307 || code === "AuthorizationHeaderMalformed";
  if (isElsewhere && region) return `the bucket is in the region ${region}: --s3-region ${region}`;
  if (isElsewhere) return "the bucket is in another region: give its --s3-region";
  if (code === "RequestTimeTooSkewed") {
    const theirs = headers.get("date") ?? "another time";
    return `the clock of this machine is wrong: ${new Date().toUTCString()} here, ${theirs} there`;
  }
  if (code.startsWith("KMS.")) return "KMS does not accept the key of --s3-sse";
  if (code === "" && status < 500) return "this is no answer of an object store: see --s3-endpoint";
  return advices[code] ?? null;
}
