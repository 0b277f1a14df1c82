// Sends the commands of connecting drivers to a real Redis and to okq: the replies are the same.
// Replies that differ on purpose are tested with their commands.
import { expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { readable } from "../support/readable.ts";
import { Wire } from "../support/wire.ts";

/** Each list is sent on a connection of its own. */
const lines = `
HELLO 1
HELLO 4
HELLO x
HELLO 99999999999999999999
HELLO 3 FOO
HELLO 3 AUTH a
HELLO 3 AUTH a b
HELLO 3 SETNAME
AUTH x
AUTH default x
AUTH a b
SELECT 0
SELECT x
SELECT 99
PING
PING a
PING a b
ECHO a
ECHO
QUIT
RESET
ROLE
CLUSTER NODES
CLUSTER SLOTS
CLUSTER SHARDS
CLIENT GETNAME
CLIENT SETNAME a
CLIENT SETNAME
CLIENT NO-EVICT ON
CLIENT REPLY ON
CLIENT LIST x
CLIENT LIST x y
CLIENT LIST ID
CLIENT LIST ID 999999
CLIENT LIST ID 0 -1
CLIENT LIST ID x
CLIENT LIST ID 1 TYPE normal
CLIENT LIST TYPE
CLIENT LIST TYPE master
CLIENT LIST TYPE replica
CLIENT LIST TYPE slave
CLIENT LIST TYPE pubsub
CLIENT LIST TYPE x
CLIENT LIST TYPE normal ID 1
CLIENT KILL
CLIENT KILL 1.2.3.4:5
CLIENT KILL ID
CLIENT KILL ID x
CLIENT KILL ID 0
CLIENT KILL ID 999999
CLIENT KILL ID 999999 TYPE
CLIENT KILL TYPE x
CLIENT KILL TYPE pubsub
CLIENT KILL TYPE master
CLIENT KILL TYPE normal ID 999999
CLIENT KILL USER nobody
CLIENT KILL USER default ID 999999
CLIENT TRACKING
CLIENT TRACKING x
CLIENT TRACKING OFF
CLIENT TRACKING OFF x
CLIENT TRACKING ON OPTIN
CLIENT TRACKING ON NOLOOP OPTIN
COMMAND INFO nosuch
COMMAND DOCS nosuch
CONFIG GET save
CONFIG GET timeout
CONFIG GET replica-read-only
CONFIG GET slave-read-only
CONFIG GET nosuch
INFO nosuch
ACL WHOAMI`
  .trim()
  .split("\n");

async function replyTo(line: string, port: number): Promise<unknown> {
  const client = closeAfterTest(await Wire.connect(port));
  client.send(`${line}\r\n`);
  return readable(await client.next());
}

test("answers as Redis does", async () => {
  const [okq, redis] = [await startTestOkq(), await startTestRedis()];
  const answers = async (port: number) => {
    const replies = lines.map(async (line) => [line, await replyTo(line, port)]);
    return await Promise.all(replies);
  };
  expect(await answers(okq.port)).toEqual(await answers(redis.port));
});

test("CLIENT INFO and INFO cpu have every field of Redis in the same order", async () => {
  const [okq, redis] = [await startTestOkq(), await startTestRedis()];
  const fieldsOf = async (line: string, port: number, pattern: RegExp) => {
    return String(await replyTo(line, port)).match(pattern)!;
  };
  const own = await fieldsOf("CLIENT INFO", okq.port, /[a-z-]+(?==)/g);
  const its = await fieldsOf("CLIENT INFO", redis.port, /[a-z-]+(?==)/g);
  // Older versions of Redis lack these three fields, which are new in 7.2 and 7.4.
  const later = /^(watch|lib-name|lib-ver)$/;
  expect(own.filter((field) => its.includes(field) || !later.test(field))).toEqual(its);
  const cpu = /^used_cpu_(sys|user)(_children)?(?=:\d+\.\d{6}\r$)/gm;
  expect(await fieldsOf("INFO cpu", okq.port, cpu)).toEqual(
    await fieldsOf("INFO cpu", redis.port, cpu),
  );
});
