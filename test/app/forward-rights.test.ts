// What users may do through an okq that stands by, when their rights change or are many.
import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startPair, startPairWith } from "../support/failover-pair.ts";
import { basic } from "../support/http.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

test("a client that loses rights at the standby waits and listens no more", async () => {
  const { serving, standby, usersOfStandby } = await startPairWith(["ann all *"], ["ann all *"]);
  const [client, subscriber] = [await standby.connect(), await standby.connect()];
  const direct = await serving.connect();
  for (const each of [client, subscriber, direct]) {
    await ask(each, "AUTH", "ann", passwordOf("ann"));
  }
  await askAll(subscriber, ["SUBSCRIBE", "okq:secret"], ["SUBSCRIBE", "okq:a"]);
  client.pipeline(["BLPOP", "secret", 0]);
  await eventually(async () => String(await ask(direct, "INFO")).includes("blocked_clients:1"));
  usersOfStandby.replace("ann all a*");
  standby.reload();
  expect(await client.next().then(readable)).toBe(null);
  await askAll(direct, ["LPUSH", "secret", "x"], ["LPUSH", "a", "x"]);
  const [, channel] = (await subscriber.next().then(readable)) as string[];
  expect(channel).toBe("okq:a");
  expect(await ask(direct, "LLEN", "secret")).toBe(1);
});

test("a stream over HTTP ends when its user loses rights at the standby", async () => {
  const http = { httpAddr: "127.0.0.1:0" };
  const users = ["ann all *"] as const;
  const { standby, usersOfStandby } = await startPairWith([...users], [...users], http);
  const url = `http://127.0.0.1:${standby.httpPort}/v1/events?queue=secret`;
  const headers = basic("ann", passwordOf("ann"));
  const { body } = await fetch(url, { headers });
  const reader = body!.getReader();
  expect(Buffer.from((await reader.read()).value!).toString()).toStartWith("retry");
  usersOfStandby.replace("ann all a*");
  standby.reload();
  const ended = async () => (await reader.read().catch(() => ({ done: true }))).done;
  expect(await ended()).toBe(true);
});

test("a user with too many patterns to pass on is told so", async () => {
  const patterns = Array.from({ length: 400 }, (_, at) => `orders:of:branch:${at}*`).join(" ");
  const users = writeUsers(`ann all ${patterns}`, "bob all *");
  const { standby } = await startPair({ users: users.path });
  const client = await standby.connect();
  await ask(client, "AUTH", "ann", passwordOf("ann"));
  const problem = "user ann has too many patterns for a standby: ask the okq that serves";
  const push = ["LPUSH", "orders:of:branch:1", "x"];
  expect(await ask(client, ...push)).toBe(`-ERR store refused: ${problem}`);
  const replies = await askAll(client, ["MULTI"], push, ["EXEC"]);
  expect(String(replies[2])).toContain(problem);
  await ask(client, "AUTH", "bob", passwordOf("bob"));
  expect(await ask(client, ...push)).toBe(1);
});
