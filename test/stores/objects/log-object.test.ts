// Objects of the log: what is written can be read, and any damage is found.
import { expect, test } from "bun:test";
import {
  decodeLogObject,
  encodeLogObject,
  type LogObject,
  newWriteId,
} from "../../../src/stores/local/objects/log-object.ts";

const url = "s3://test/queues/log/00000000000000000007";

function objectOf(body: string, kind: LogObject["kind"] = "changes"): LogObject {
  return {
    kind,
    epoch: 99_999_999,
    seq: 2 ** 53 - 1,
    write: newWriteId(),
    body: Buffer.from(body),
  };
}

test.each([
  objectOf("x"),
  objectOf(""),
  objectOf("", "fence"),
  objectOf(crypto.getRandomValues(new Uint8Array(100_000)).join()),
])("reads what it wrote", async (object) => {
  const read = await decodeLogObject(await encodeLogObject(object), url);
  expect({ ...read, body: Buffer.from(read.body) }).toEqual({
    ...object,
    body: Buffer.from(object.body),
  });
});

test("finds every changed byte, and every cut", async () => {
  const encoded = await encodeLogObject(objectOf("some changes"));
  for (let at = 0; at < encoded.length; at++) {
    const changed = Buffer.from(encoded);
    changed[at]! ^= 0x10;
    await expect(decodeLogObject(changed, url)).rejects.toThrow(url);
    await expect(decodeLogObject(encoded.subarray(0, at), url)).rejects.toThrow("is damaged");
  }
});

test("does not read a newer format", async () => {
  const encoded = Buffer.from(await encodeLogObject(objectOf("x")));
  encoded[4] = 2;
  const message = `${url} was written by a newer okq: its format is 2`;
  await expect(decodeLogObject(encoded, url)).rejects.toThrow(message);
});
