// The manifest: what is written can be read, and damage is named.
import { expect, test } from "bun:test";
import {
  emptyManifest,
  encodeManifest,
  firstLive,
  type Manifest,
  parseManifest,
} from "../../../src/stores/local/objects/manifest.ts";
import { serverInfo } from "./account.ts";

const url = "s3://test/queues/manifest.json";
const full: Manifest = {
  version: 7,
  write: "w",
  epoch: 3,
  store: "s3://test/queues",
  leaseMs: 5000,
  server: serverInfo("a"),
  snapshot: { name: "snapshot/x", parts: 2, bytes: 10, seq: 20 },
  segments: [
    { name: "segment/a", bytes: 1, from: 21, to: 30 },
    { name: "segment/b", bytes: 1, from: 31, to: 40 },
  ],
  fences: [{ epoch: 2, seq: 12, atMs: 1.5 }],
  challenge: { by: "b", nonce: "n" },
};

test.each([emptyManifest, full])("reads what it wrote", (manifest) => {
  expect(parseManifest(encodeManifest(manifest), url)).toEqual(manifest);
});

test("the log begins behind the segments, the snapshot, or at 1", () => {
  expect(firstLive(full)).toBe(41);
  expect(firstLive({ ...full, segments: [] })).toBe(21);
  expect(firstLive(emptyManifest)).toBe(1);
});

function changed(change: Record<string, unknown>): Buffer {
  const text = Buffer.from(encodeManifest(full)).toString();
  return Buffer.from(JSON.stringify({ ...JSON.parse(text), ...change }));
}

test.each([
  ["not JSON", Buffer.from("{"), "is damaged: it is not JSON"],
  ["not UTF-8", Buffer.from([0x22, 0xff, 0x22]), "is damaged: it is not JSON"],
  ["a list", Buffer.from("[]"), "is damaged: format"],
  ["null", Buffer.from("null"), "is damaged: format"],
  ["a newer format", changed({ format: 2 }), "was written by a newer okq: its format is 2"],
  ["no format", changed({ format: undefined }), "is damaged: format"],
  ["an epoch that has no name", changed({ epoch: 10 ** 8 }), "is damaged: epoch"],
  ["half a server", changed({ server: { id: "a" } }), "is damaged: server"],
  ["a segment without a name", changed({ segments: [{ from: 1, to: 2 }] }), "is damaged: segments"],
  ["a fence without a time", changed({ fences: [{ epoch: 1, seq: 1 }] }), "is damaged: fences"],
  ["a gap", changed({ snapshot: null }), "is damaged: gap between segments"],
])("names the damage: %s", (_, body, message) => {
  expect(() => parseManifest(body, url)).toThrow(`${url} ${message}`);
});
