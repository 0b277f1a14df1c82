// Reports on their way between okq processes.
import { expect, test } from "bun:test";
import type { Report } from "../../src/queue/report.ts";
import { messageOf, messagesIn, textOf } from "../../src/stores/redis/report-text.ts";

const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const pushed: Report = { kind: "pushed", queue: bytes, id: bytes, atMs: 1_700_000_000_000 };

test("all facts arrive, with any bytes", () => {
  const reports: Report[] = [
    pushed,
    { ...pushed, id: Buffer.alloc(0), from: bytes },
    { ...pushed, kind: "failed", worker: bytes, attempt: 3, error: bytes, isFinal: true },
    { ...pushed, kind: "paused", id: null, direction: "all", forMs: 1500, group: bytes },
  ];
  expect(messagesIn(messageOf(reports.map(textOf)))).toEqual(reports);
});

test("messages of another form are left out", () => {
  const others = ["", "x", "{}", "[1, null, {}]", '[{"kind":"other","queue":"q","at":1}]'];
  for (const text of others) expect(messagesIn(Buffer.from(text))).toEqual([]);
  const wrong = { kind: "pushed", queue: "q", at: 1, id: 5 };
  expect(messagesIn(Buffer.from(JSON.stringify([wrong])))).toEqual([]);
  const mixed = `[{"kind":"later"},${textOf(pushed)}]`;
  expect(messagesIn(Buffer.from(mixed, "latin1"))).toEqual([pushed]);
});
