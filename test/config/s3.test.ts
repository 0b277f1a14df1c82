// How flags and the environment select an object store, contradictions between them, and that no
// secret is shown.
import { expect, test } from "bun:test";
import { shownOptions } from "../../src/app/shown-options.ts";
import { redisLocation } from "../../src/config/redis-location.ts";
import { resolveConfig } from "../../src/config/resolve.ts";
import { needsPathStyle, s3Location } from "../../src/config/s3-location.ts";
import { sqliteFile } from "../../src/config/options.ts";
import { UsageError } from "../../src/config/usage-error.ts";

type Flags = Parameters<typeof resolveConfig>[0];

function refusal(flags: Flags, env: Record<string, string> = {}): string {
  try {
    resolveConfig(flags, env);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error("it was accepted");
}

const store = "s3://queues/okq";
const anywhere = { endpoint: null, region: null, isPathStyle: false };
const bothGiven = "contradict each other: give only one of them";

test.each<[string, string, string, string]>([
  ["s3://queues", "queues", "", "s3://queues"],
  ["s3://queues/", "queues", "", "s3://queues"],
  ["S3://Old_Queues/a/b.c/x=1/", "Old_Queues", "a/b.c/x=1", "s3://Old_Queues/a/b.c/x=1"],
])("the store %s is a bucket with a prefix", (url, bucket, prefix, shown) => {
  const config = resolveConfig({ store: url }, {});
  expect(config.store).toBe(shown);
  expect(s3Location(config)).toEqual({ bucket, prefix, ...anywhere });
  expect(redisLocation(config)).toBeNull();
  expect(sqliteFile(config)).toBeNull();
});

test("other stores are no object stores", () => {
  for (const other of ["", "memory", "sqlite:s3.db", "redis://s3"]) {
    expect(s3Location(resolveConfig({ store: other }, {}))).toBeNull();
  }
});

test("endpoint, region and path style come from options and the environment", () => {
  const env = { OKQ_S3_ENDPOINT: "https://Play.Min.io:9000/", OKQ_S3_PATH_STYLE: "true" };
  expect(s3Location(resolveConfig({ store, "s3-region": "eu-central-1" }, env))).toEqual({
    bucket: "queues",
    prefix: "okq",
    endpoint: "https://play.min.io:9000",
    region: "eu-central-1",
    isPathStyle: true,
  });
});

test.each<[string, string, boolean]>([
  ["queues", "https://s3.eu-central-1.amazonaws.com", false],
  ["queues", "http://localhost:9000", true],
  ["queues", "http://127.0.0.1:9000", true],
  ["queues", "http://[::1]:9000", true],
  ["my.queues", "https://s3.example.com", true],
  ["Queues", "https://s3.example.com", true],
])("whether bucket %s needs its name in the path at %s: %p", (bucket, endpoint, isNeeded) => {
  expect(needsPathStyle(bucket, endpoint)).toBe(isNeeded);
});

const notForm = "is not of the form s3://bucket[/prefix]";
const badPrefix = "has a prefix with more than names of letters, digits, . - _ ~ = between /";
const badBucket = "has no name of a bucket: 3 to 63 letters, digits, . - and _";

test.each<[string, string]>([
  ["s3://", notForm],
  ["s3:/queues", notForm],
  ["s3:///okq", notForm],
  ["s3://ab", badBucket],
  ["s3://queues:9000", badBucket],
  ["s3://que..ues", badBucket],
  ["s3://queues?x=1", badBucket],
  ["s3://queues//okq", badPrefix],
  ["s3://queues/a/../b", badPrefix],
  ["s3://queues/.", badPrefix],
  ["s3://queues/a b", badPrefix],
  ["s3://queues/a%20b", badPrefix],
  ["s3://queues/a\nb", badPrefix],
  [`s3://queues/${"x".repeat(801)}`, "has a prefix of more than 800 characters"],
  ["s3://AKIA:hunter2@queues", "has an @: keys belong in the options --s3-..."],
])("refuses the store %p", (url, reason) => {
  expect(refusal({ store: url })).toBe(`--store: the value ${reason}`);
});

test.each<[string, string, string]>([
  ["s3-endpoint", "s3.example.com", '"s3.example.com" is not a URL such as https://s3.example.com'],
  ["s3-endpoint", "https://ID:hunter2@h", "the value is not a URL such as https://s3.example.com"],
  ["s3-endpoint", "https://h/?x", "the value is not a URL such as https://s3.example.com"],
  ["s3-region", "eu central", '"eu central" is not the name of a region, such as eu-central-1'],
  ["s3-sse", "aes", '"aes" is not AES256, aws:kms or aws:kms:KEY'],
  ["s3-sse", "aws:kms:a b", '"aws:kms:a b" is not AES256, aws:kms or aws:kms:KEY'],
  ["s3-lease", "50", '"50" is not between 100 and 60000 ms'],
  ["s3-timeout", "70000", '"70000" is not between 100 and 60000 ms'],
  ["s3-advertise", ":4777", '":4777" has no host to connect to'],
  ["s3-advertise", "okq-1:0", '"okq-1:0" has port 0'],
])("refuses --%s %s", (name, value, reason) => {
  expect(refusal({ store, [name]: value })).toBe(`--${name}: ${reason}`);
});

const keys = { "s3-access-key-id": "ID", "s3-secret-access-key": "hunter2" };

test.each<[Flags, string]>([
  [{ "s3-region": "eu" }, "--s3-region needs s3://bucket/prefix as --store"],
  [{ store: "redis://h", "s3-lease": "100" }, "--s3-lease needs s3://bucket/prefix as --store"],
  [{ store, "redis-addr": "h:1" }, `--store and --redis-addr ${bothGiven}`],
  [
    { store, "redis-tls": "true" },
    "--store and --redis-tls contradict each other: that store is not Redis",
  ],
  [
    { store, fsync: "no" },
    "--store and --fsync contradict each other: a change is in the object store before it is " +
      "answered",
  ],
  [
    { store, "s3-access-key-id": "ID" },
    "--s3-access-key-id needs --s3-secret-access-key or --s3-secret-access-key-file",
  ],
  [{ store, "s3-secret-access-key": "hunter2" }, "--s3-secret-access-key needs --s3-access-key-id"],
  [
    { store, "s3-secret-access-key-file": "f" },
    "--s3-secret-access-key-file needs --s3-access-key-id",
  ],
  [{ store, "s3-session-token": "hunter2" }, "--s3-session-token needs --s3-access-key-id"],
  [
    { store, ...keys, "s3-secret-access-key-file": "f" },
    `--s3-secret-access-key and --s3-secret-access-key-file ${bothGiven}`,
  ],
  [{ store, ...keys, "s3-profile": "p" }, `--s3-access-key-id and --s3-profile ${bothGiven}`],
  [
    { store, "s3-endpoint": "http://h:9000", "s3-ca": "f" },
    "--s3-endpoint and --s3-ca contradict each other: http:// has no TLS",
  ],
])("refuses %j", (flags, message) => {
  expect(refusal(flags)).toBe(message);
});

test("another store on the command line has no use for those of the environment", () => {
  const env = { OKQ_STORE: store, OKQ_S3_ENDPOINT: "http://h:9000" };
  expect(s3Location(resolveConfig({ store: "sqlite:q.db" }, env))).toBeNull();
  const unused = "--s3-lease needs s3://bucket/prefix as --store";
  expect(refusal({ store: "sqlite:q.db", "s3-lease": "100" }, env)).toBe(unused);
  const noStore = { OKQ_S3_ENDPOINT: "http://h:9000" };
  expect(refusal({}, noStore)).toBe("OKQ_S3_ENDPOINT needs s3://bucket/prefix as --store");
});

test.each<Flags>([
  { store, ...keys, "s3-session-token": "T" },
  { store, "s3-access-key-id": "ID", "s3-secret-access-key-file": "f" },
  { store, "s3-profile": "p", "s3-credentials-file": "f" },
  { store, fsync: "always", "memory-budget": "1mb", "s3-sse": "aws:kms:arn:aws:kms:eu:1:key/k" },
  { store, "s3-endpoint": "https://h", "s3-ca": "f", "s3-advertise": "[fd00::1]:4777" },
])("accepts %j", (flags) => {
  expect(resolveConfig(flags, {})).toMatchObject({ store });
});

test("no secret is shown", () => {
  const flags = { store, ...keys, "s3-session-token": "hunter2" };
  const shown = [...shownOptions(resolveConfig(flags, {}))].map((entry) => entry.join("="));
  expect(shown).toContain("s3-access-key-id=ID");
  expect(shown).toContain("s3-secret-access-key=(secret)");
  expect(shown.join()).not.toContain("hunter2");
  expect(refusal({ ...flags, "s3-secret-access-key-file": "f" })).not.toContain("hunter2");
});

test("the folder for scratch may begin with the home folder", () => {
  expect(resolveConfig({ store, "s3-scratch": "~/x" }, {}).s3Scratch).not.toContain("~");
});
