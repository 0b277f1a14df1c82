// Contents, ids and names of any bytes; schemas; sizes.
import { describe, expect, test } from "bun:test";
import {
  bytesOf,
  CommandRefusedError,
  ContentsError,
  type StandardSchemaV1,
  textOf,
} from "okq/client";
import { connectClient, rejectionOf } from "../support/client.ts";
import { startOkqOn, startTestOkq } from "../support/okq-server.ts";

const allBytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

describe.each(["memory", "redis"] as const)("on %s", (store) => {
  async function start() {
    const { port } = await startOkqOn(store);
    return connectClient(port);
  }

  test("contents are any bytes, text or JSON", async () => {
    const okq = await start();
    const bytes = okq.queue("bytes", { contents: "bytes" });
    for (const contents of [allBytes, new Uint8Array(0), new Uint8Array([13, 10, 0])]) {
      await bytes.push(contents);
      expect([...(await bytes.pop())!.contents]).toEqual([...contents]);
    }
    const text = okq.queue("text", { contents: "text" });
    for (const contents of ["", "äöü €", "\r\n\0", "😀"]) {
      await text.push(contents);
      expect((await text.pop())!.contents).toBe(contents);
    }
    const json = okq.queue<unknown>("json");
    for (const contents of [null, "", 0, false, [], { a: { b: ["€", 1.5] } }]) {
      await json.push(contents);
      expect((await json.pop())!.contents).toEqual(contents);
    }
  });

  test("ids, queues, groups and headers of any bytes come back as they are", async () => {
    const okq = await start();
    const name = Buffer.concat([Buffer.from("q"), allBytes]);
    await okq.call("QPUSH", name, "1", "ID", allBytes, "HEADER", name, allBytes);
    const queue = okq.queue<number>(textOf(name));
    const event = (await queue.pop())!;
    expect(bytesOf(event.id).equals(allBytes)).toBe(true);
    expect(event.queue).toBe(queue.name);
    expect(event.headers).toEqual({ [textOf(name)]: textOf(allBytes) });
    expect(await queue.ack(event)).toBe(true);
    expect(await queue.push(2, { id: textOf(allBytes) })).toBe(textOf(allBytes));
    expect(await rejectionOf(queue.push(2, { id: textOf(allBytes) }))).toMatchObject({
      id: textOf(allBytes),
    });
  });
});

test("text of any bytes goes back to the same bytes", () => {
  const samples = [allBytes, Buffer.from("äöü € 😀"), Buffer.of(0xed, 0xb2, 0x80), Buffer.of(0xf0)];
  for (let seed = 1; seed < 300; seed++) {
    const random = Array.from({ length: seed % 9 }, (_, at) => (seed * 7919 * (at + 3)) % 256);
    samples.push(Buffer.from(random), Buffer.concat([Buffer.from("€"), Buffer.from(random)]));
  }
  for (const bytes of samples) expect(bytesOf(textOf(bytes)).equals(bytes)).toBe(true);
  expect(textOf(Buffer.from("äöü € 😀"))).toBe("äöü € 😀");
});

/** Positive integers; text of one becomes a number. */
const positive: StandardSchemaV1<unknown, { n: number }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate(value) {
      const { n } = value as { n: number };
      if (Number.isInteger(Number(n)) && Number(n) > 0) return { value: { n: Number(n) } };
      return { issues: [{ message: "must be positive", path: ["n"] }] };
    },
  },
};
const slow: StandardSchemaV1<unknown, { n: number }> = {
  "~standard": {
    ...positive["~standard"],
    validate: async (value) => positive["~standard"].validate(value),
  },
};

test.each([
  ["at once", positive],
  ["later", slow],
])("a schema that answers %s checks pushes and pops", async (_, schema) => {
  const okq = connectClient((await startTestOkq()).port);
  const queue = okq.queue("numbers", { schema });
  await queue.push({ n: 1 });
  const error = await rejectionOf(queue.push({ n: -1 }));
  expect(error).toBeInstanceOf(ContentsError);
  expect(error.message).toBe("contents for numbers: n: must be positive");
  await okq.queue("numbers").pushMany([{ n: -2 }, { n: "3" }, { n: 4 }]);
  const { contents } = (await queue.pop())!;
  expect(contents).toEqual({ n: 1 });
  const refused = (await rejectionOf(queue.popMany(10))) as ContentsError;
  expect(refused).toBeInstanceOf(ContentsError);
  expect(refused.event?.bytes.toString()).toBe('{"n":-2}');
  expect(refused.others.map((other) => other.contents)).toEqual([{ n: 3 }, { n: 4 }]);
  expect(await queue.fail(refused.event!, { final: true })).toBe("failed");
  expect(await queue.ackMany(refused.others)).toEqual([true, true]);
});

test("refuses contents that are not of the kind of the queue", async () => {
  const okq = connectClient((await startTestOkq()).port);
  const circle: { self?: unknown } = {};
  circle.self = circle;
  for (const contents of [undefined, () => 1, circle, 1n]) {
    expect(await rejectionOf(okq.queue("json").push(contents))).toBeInstanceOf(ContentsError);
  }
  const wrong = 7 as never;
  for (const kind of ["text", "bytes"] as const) {
    const push = okq.queue("q", { contents: kind as "text" }).push(wrong);
    expect(await rejectionOf(push)).toBeInstanceOf(ContentsError);
  }
  await okq.call("QPUSH", "json", "no JSON", "ID", "a");
  const error = (await rejectionOf(okq.queue("json").pop())) as ContentsError;
  expect(error.message).toMatch(/^event a of json: /);
  expect(error.event).toMatchObject({ id: "a", attempt: 1 });
  await okq.call("QPUSH", "text", Buffer.of(0xff));
  const pop = okq.queue("text", { contents: "text" }).pop();
  expect((await rejectionOf(pop)).message).toMatch(/not UTF-8/);
});

test("pushes and pops 64 MiB, and okq refuses more", async () => {
  const okq = connectClient((await startTestOkq()).port);
  const queue = okq.queue("large", { contents: "bytes" });
  const room = 64 * 1024 * 1024 - 1024;
  const contents = Buffer.alloc(room, "0123456789abcde");
  const others = Promise.all(Array.from({ length: 10 }, () => okq.ping()));
  await queue.push(contents, { id: "large" });
  await others;
  const event = (await queue.pop({ waitMs: 1_000 }))!;
  expect(event.bytes.equals(contents)).toBe(true);
  const push = queue.push(Buffer.alloc(room + 2048));
  const ping = okq.ping();
  const error = await rejectionOf(push);
  expect(error).toBeInstanceOf(CommandRefusedError);
  expect(error.message).toMatch(/event too large/);
  await ping;
}, 60_000);

test("an id that is no Unicode is pushed as okq has it, and the push says so", async () => {
  const mail = connectClient((await startTestOkq()).port).queue<number>("mail");
  expect(await mail.push(1, { id: "a\ud800" })).toBe("a\ufffd");
});

test("names the argument that is wrong", async () => {
  const okq = connectClient((await startTestOkq()).port);
  const mail = okq.queue("mail");
  await mail.push(1);
  const event = (await mail.pop())!;
  const wrong: [Promise<unknown>, RegExp][] = [
    [mail.push(1, { delayMs: -1 }), /delayMs .* -1/],
    [mail.push(1, { at: new Date("never") }), /at must be/],
    [mail.push(1, { ttlMs: Number.NaN }), /ttlMs/],
    [mail.pop({ waitMs: Infinity }), /waitMs/],
    [mail.pushMany([1, 2], { ids: ["a"] }), /1 ids for 2 contents/],
    [okq.queue("other").ack(event), /of the queue mail, not of other/],
    [mail.push(1, { priority: 5_000 }), /priority/i],
    [mail.push(1, { delayMs: 1, right: true } as never), /RIGHT/],
    [okq.call("NONSENSE"), /unknown command/],
    [okq.call("MULTI"), /not for call/],
    [okq.call("client", "reply", "off"), /not for call/],
    [okq.call(Buffer.from("multi")), /not for call/],
    [okq.call(), /has a name/],
    [mail.configure({ leaseMs: Number.NaN }), /leaseMs/],
    [okq.transaction((t) => [t.call("EXEC")]), /not for call/],
    [okq.transaction((t) => [t.call()]), /has a name/],
    [mail.push(1, { headers: { tenant: undefined } } as never), /QPUSH: .* behind tenant .* undef/],
    [mail.push(1, { id: null } as never), /behind ID .* null/],
    [mail.ack(event, { result: { a: 1 } } as never), /behind RESULT .* object/],
    [mail.pop({ waitMs: Number.NaN }), /waitMs/],
    [mail.wait("1", { waitMs: Number.NaN }), /waitMs/],
  ];
  const errors = await Promise.all(wrong.map(([promise]) => rejectionOf(promise)));
  for (const [at, { message }] of errors.entries()) expect(message).toMatch(wrong[at]![1]);
});
