// Which messages a user hears.
import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { subscribe, told } from "../support/subscriber.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

async function logInAs(okq: TestOkq, name: string): Promise<Wire> {
  const client = await okq.connect();
  expect(await ask(client, "AUTH", name, passwordOf(name))).toBe("+OK");
  return client;
}

test("only queues that it may inspect", async () => {
  const users = writeUsers("app push,consume *", "mail inspect mail-*", "all all *");
  const okq = await startTestOkq({ users: users.path });
  const [app, mail, all] = await Promise.all(["app", "mail", "all"].map((n) => logInAs(okq, n)));
  expect(await ask(app!, "SUBSCRIBE", "okq:mail-1")).toBe(
    "-NOPERM User app has no permissions to inspect queues, as the channel 'okq:mail-1'",
  );
  expect(await ask(app!, "PSUBSCRIBE", "okq:*")).toStartWith("-NOPERM");
  expect(await ask(app!, "SUBSCRIBE", "other")).toEqual(["subscribe", "other", 1]);
  expect(await ask(app!, "UNSUBSCRIBE")).toEqual(["unsubscribe", "other", 0]);
  expect(await ask(mail!, "SUBSCRIBE", "okq:mail-1", "okq:orders")).toBe(
    "-NOPERM User mail has no permissions to use the queue 'orders'",
  );
  expect(await ask(mail!, "PUBSUB", "CHANNELS")).toEqual([]);
  await subscribe(mail!, "PSUBSCRIBE", "okq:*");
  await subscribe(all!, "SUBSCRIBE", "okq:orders", "okq:mail-1");
  expect(await ask(mail!, "PING")).toEqual(["pong", ""]);
  await app!.call("QPUSH", "orders", "x", "ID", "1");
  await app!.call("QPUSH", "mail-1", "x", "ID", "2");
  expect(await told(mail!, 1)).toEqual([{ event: "pushed", queue: "mail-1", id: "2" }]);
  expect((await told(all!, 2)).map(({ id }) => id)).toEqual(["1", "2"]);
});

test("no more once it has lost the right, and again when it has got it back", async () => {
  const users = writeUsers("app push,consume *", "one inspect *", "two inspect *");
  const okq = await startTestOkq({ users: users.path });
  const [app, one, two] = await Promise.all(["app", "one", "two"].map((n) => logInAs(okq, n)));
  await subscribe(one!, "SUBSCRIBE", "okq:q");
  await subscribe(two!, "PSUBSCRIBE", "okq:*");
  users.replace("app push,consume *", "one inspect other");
  okq.reload();
  await two!.untilClosed();
  await eventually(() => okq.log.some((line) => line.includes("users loaded")));
  await app!.call("QPUSH", "q", "x", "ID", "1");
  expect(await ask(one!, "PING")).toEqual(["pong", ""]);
  users.replace("app push,consume *", "one inspect *");
  okq.reload();
  await app!.call("QPUSH", "q", "x", "ID", "2");
  expect(await told(one!, 1)).toEqual([{ event: "pushed", queue: "q", id: "2" }]);
});

test("nothing any more after RESET", async () => {
  const okq = await startTestOkq();
  const [client, listener] = [await okq.connect(), await okq.connect()];
  await subscribe(listener, "SUBSCRIBE", "okq:q");
  expect(await ask(listener, "RESET")).toBe("+RESET");
  await client.call("QPUSH", "q", "x");
  expect(await ask(listener, "ECHO", "x")).toBe("x");
  expect(await ask(listener, "CLIENT", "INFO")).toContain(" flags=N db=0 sub=0 psub=0 ");
});
