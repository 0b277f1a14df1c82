// Sends commands on keys to a real Redis and to okq: the replies are the same, byte for byte.
import { expect, test } from "bun:test";
import { RawSocket } from "../faults/raw-socket.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";

/** Each is sent on a connection of its own, to a Redis and to an okq with the same keys. */
const asRedis = `
DEL
DEL nosuch
UNLINK
EXISTS
EXISTS l l nosuch
TYPE
TYPE l
TYPE nosuch
TYPE a b
TTL l
TTL nosuch
TTL
TTL a b
PTTL nosuch
PERSIST l
PERSIST
KEYS
KEYS a b
KEYS nosuch
KEYS [k-m]
SCAN
SCAN x
SCAN 0x
SCAN 0
SCAN ""
SCAN " 1"
SCAN x COUNT x
SCAN 0 COUNT
SCAN 0 COUNT 0
SCAN 0 COUNT x
SCAN 0 COUNT 9223372036854775808
SCAN 0 COUNT 9223372036854775807
SCAN 0 MATCH
SCAN 0 MATCH a MATCH l COUNT 1 COUNT 9
SCAN 0 FOO 1
SCAN 0 TYPE list
SCAN 0 TYPE LIST
SCAN 0 TYPE foo
SCAN 0 TYPE string
SCAN 99999999999999999999999
SCAN 18446744073709551616
MEMORY USAGE
MEMORY USAGE nosuch
MEMORY USAGE l FOO 1
MEMORY USAGE l SAMPLES
MEMORY USAGE l SAMPLES -1
MEMORY USAGE l SAMPLES x
MEMORY USAGE nosuch FOO
DBSIZE
DBSIZE a
FLUSHDB FOO
FLUSHDB ASYNC SYNC
FLUSHALL a b c
EXPIRE l
PUBLISH
PUBLISH a
PUBLISH a b
PUBLISH a b c
SLOWLOG LEN
SLOWLOG LEN x
SLOWLOG GET
SLOWLOG GET 10
SLOWLOG GET x
SLOWLOG GET -2
SLOWLOG RESET
LATENCY LATEST
LATENCY LATEST x
LATENCY HISTORY
LATENCY HISTORY x
LATENCY HISTOGRAM nosuch
LATENCY RESET
LATENCY RESET a b
EVAL
EVAL x
EVAL "return 1" x
EVAL "return 1" 2 a
EVAL "return 1" -1
EVALSHA
EVALSHA abc 0
EVALSHA abc x
EVALSHA abc 3 a
SCRIPT EXISTS
SCRIPT EXISTS abc
SCRIPT LOAD`
  .trim()
  .split("\n");

test.each([2, 3])("answers as Redis does, in RESP%d", async (protocol) => {
  const [okq, redis] = [await startTestOkq(), await startTestRedis()];
  await ask(await okq.connect(), "QPUSH", "l", "x");
  await redis.redis.rpush("l", "x");
  const answers = async (port: number) => {
    const replies: unknown[] = [];
    for (const line of asRedis) {
      const socket = closeAfterTest(await RawSocket.connect(port));
      socket.send(Buffer.from(`HELLO ${protocol}\r\nECHO begin\r\n${line}\r\nPING the-end\r\n`));
      const text = (await socket.readUntil("the-end")).toString("latin1");
      replies.push([line, text.slice(text.indexOf("begin"))]);
    }
    return replies;
  };
  expect(await answers(okq.port)).toEqual(await answers(redis.port));
});
