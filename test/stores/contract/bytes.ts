// Names, ids and contents are bytes: no byte is special, and different bytes are never confused.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";

/** Bytes that can confuse parsers, keys and encodings. */
export const nastyTexts = [
  "",
  "\x00",
  "\r\n",
  "$-1\r\n",
  "*1\r\n$4\r\nPING\r\n",
  " ",
  "a",
  "a:b",
  "a:",
  ":a",
  "{a}",
  "{a",
  "a}",
  "{}",
  "{}a",
  "{a}:b",
  ":ready",
  "a:ready",
  "a:claimed",
  "okq",
  "okq:",
  "*",
  "(",
  "[",
  "-",
  "+",
  "0",
  "00",
  "-1",
  "1e3",
  "nil",
  "null",
  "__proto__",
  "constructor",
  "%s%d",
  "\\x00",
  "\xff\xfe",
  "\xc3\x28",
  "\xc3\xa4",
  "\xe4",
  "\xef\xbb\xbf",
  "\xed\xa0\x80",
  "\xf0\x9f\x98\x80",
  "\xf0\x9f",
  "a\x00",
  "a\x00b",
  "A",
  "x".repeat(1000),
];

export function bytes(check: Check): void {
  check("queues with any names are separate", async (store) => {
    for (const [i, queue] of nastyTexts.entries()) {
      expect(await store.push(queue, "1", "left", `first of ${i}`)).toBe("ok");
      expect(await store.push(queue, "2", "left", `second of ${i}`)).toBe("ok");
    }
    expect((await store.list(7)).map(([queue]) => queue)).toEqual(nastyTexts.toSorted());
    for (const [i, queue] of nastyTexts.entries()) {
      expect(await store.ready(queue)).toBe(queue);
      expect(await store.popEvent(queue)).toEqual(["1", `first of ${i}`]);
      expect(await store.status(queue)).toEqual([[queue, 2, 1, 0]]);
      expect(await store.ack(queue, "1")).toBe(true);
      expect(await store.popEvent(queue, 0)).toEqual(["2", `second of ${i}`]);
      expect(await store.status(queue)).toEqual([[queue, 0, 0, 0]]);
    }
    expect(await store.list()).toEqual([]);
  });

  check("consumers of queues with any names are separate", async (store) => {
    const rows = nastyTexts.map((queue, i) => [queue, i + 1] as const);
    const consumers = rows.map(([queue, count]) => ({ queue: bytesOf(queue), count }));
    await store.submit({ kind: "register", consumers, isReset: false });
    expect(await store.status(...nastyTexts)).toEqual(
      rows.map(([queue, count]) => [queue, 0, 0, count]),
    );
  });

  check("flush touches no queue with a similar name", async (store) => {
    for (const queue of nastyTexts) await store.push(queue, "1");
    for (const queue of ["", "a", "{a}", "*", "okq:", "\xff\xfe"]) {
      await store.flush(queue);
      const left = nastyTexts.filter((name) => name !== queue);
      expect((await store.list()).map(([name]) => name)).toEqual(left.toSorted());
      await store.push(queue, "1");
    }
  });

  check("ids of any bytes are separate", async (store) => {
    for (const [i, id] of nastyTexts.entries()) {
      expect(await store.push("q", id, "left", `${i}`)).toBe("ok");
    }
    for (const id of nastyTexts) expect(await store.push("q", id)).toBe("duplicate");
    for (const [i, id] of nastyTexts.entries()) {
      expect(await store.popEvent("q", 1000)).toEqual([id, `${i}`]);
    }
    for (const id of nastyTexts.toReversed()) expect(await store.redo("q", id)).toBe(true);
    for (const id of nastyTexts) {
      expect(await store.pop("q")).toBe(id);
      expect(await store.ack("q", id)).toBe(true);
    }
    expect(await store.status("q")).toEqual([["q", 0, 0, 0]]);
  });

  check("ids of any bytes are reclaimed", async (store) => {
    await store.pushAll("q", nastyTexts);
    for (const _ of nastyTexts) await store.pop("q", 1000);
    store.advance(1000);
    expect(await store.reclaim()).toBe(nastyTexts.length);
    expect(await store.drain("q")).toEqual(nastyTexts);
  });

  check("contents of any bytes come back unchanged", async (store) => {
    const every = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
    for (const [i, contents] of [...nastyTexts, every].entries()) {
      await store.push("q", `${i}`, "left", contents);
      expect(await store.peekEvent("q", "left")).toEqual([`${i}`, contents]);
      expect(await store.popEvent("q")).toEqual([`${i}`, contents]);
      await store.redo("q", `${i}`);
      expect(await store.popEvent("q", 0)).toEqual([`${i}`, contents]);
    }
  });

  check("contents of 5 MB are pushed, claimed, redone and popped", async (store) => {
    const contents = Buffer.alloc(5_000_000);
    for (let i = 0; i < contents.length; i++) contents[i] = (i * 2654435761) >>> 11;
    const queue = bytesOf("q");
    const id = bytesOf("large");
    const pop = () => store.submit({ kind: "pop", queue, leaseMs: 1000, claimant: null });
    await store.submit({ kind: "push", queue, end: "left", id, contents, options: null });
    expect((await pop())?.contents.equals(contents)).toBe(true);
    await store.redo("q", "large");
    expect((await pop())?.contents.equals(contents)).toBe(true);
    expect(await store.ack("q", "large")).toBe(true);
  });

  check("changes of the caller's buffers after the result have no effect", async (store) => {
    // Views on one chunk, like the arguments that the parser returns.
    const chunk = Buffer.from("queue id contents", "latin1");
    const push = store.submit({
      kind: "push",
      queue: chunk.subarray(0, 5),
      end: "left",
      id: chunk.subarray(6, 8),
      contents: chunk.subarray(9),
      options: null,
    });
    await push;
    chunk.fill("x");
    expect((await store.list()).map(([queue]) => queue)).toEqual(["queue"]);
    const pop = { kind: "pop", queue: bytesOf("queue"), leaseMs: 1000, claimant: null } as const;
    const first = await store.submit(pop);
    first?.contents.fill("x");
    first?.id.fill("x");
    expect(await store.redo("queue", "id")).toBe(true);
    expect(await store.popEvent("queue")).toEqual(["id", "contents"]);
  });
}
