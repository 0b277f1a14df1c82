// Sends commands on streams to a real Redis and to okq: the replies are the same, byte for byte.
// Replies that differ on purpose are in streams.test.ts.
import { expect, test } from "bun:test";
import { RawSocket } from "../faults/raw-socket.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { Wire } from "../support/wire.ts";

/** Each is sent on a connection of its own, to a Redis and to an okq with the same keys. */
const asRedis = `
XADD
XADD s
XADD s *
XADD s * a
XADD s * a b c
XADD s 9-1 a b c
XADD s MAXLEN x * a b
XADD s MAXLEN -1 * a b
XADD s MAXLEN 9223372036854775808 * a b
XADD s MAXLEN ~ 10 LIMIT x * a b
XADD s MAXLEN ~ 10 LIMIT -1 * a b
XADD s MAXLEN 10 LIMIT 1 * a b
XADD s MAXLEN = 10 LIMIT 1 * a b
XADD s LIMIT 1 * a b
XADD s LIMIT 0 * a b
XADD s LIMIT 1 foo a b
XADD s MAXLEN 1 MINID 1 * a b
XADD s MAXLEN 1 MAXLEN 1 * a b
XADD s MINID x * a b
XADD s MINID - * a b
XADD s MAXLEN ~ * a b
XADD s MAXLEN
XADD s MAXLEN a b c d
XADD s foo * a b
XADD s NOMKSTREAM
XADD s NOMKSTREAM NOMKSTREAM *
XADD s NOMKSTREAM * a b c
XADD nosuch NOMKSTREAM 1-* a b
XADD nosuch NOMKSTREAM 1 a b
XADD s 3-1 a b
XADD s 3-0 a b
XADD s 2-* a b
XADD s 0-0 a b
XADD s 0 a b
XADD s 00 a b
XADD nosuch 0-0 a b
XADD s 1-*x a b
XADD s *-1 a b
XADD s ** a b
XADD s - a b
XADD s + a b
XADD s $ a b
XADD s 1-1-1 a b
XADD s 18446744073709551616-0 a b
XADD s 1-18446744073709551616 a b
XADD l * a b
XADD l 3-x a b
XADD l 0-0 a b
XADD l NOMKSTREAM * a b
XADD l MAXLEN x * a b
XADD l * a
XADD b * a b
XADD b MAXLEN 0 * a b
XTRIM
XTRIM s
XTRIM s MAXLEN
XTRIM s 1 2
XTRIM s foo 2
XTRIM nosuch MAXLEN x
XTRIM nosuch MAXLEN 1
XTRIM nosuch MINID ~ 1
XTRIM l MAXLEN 1
XTRIM l MAXLEN x
XTRIM s MAXLEN 5 5
XTRIM s LIMIT 5
XTRIM s LIMIT 5 foo
XTRIM s LIMIT 0 LIMIT 0
XTRIM s MAXLEN = 5 LIMIT 5
XTRIM s MAXLEN =
XTRIM s MAXLEN ~
XTRIM s MAXLEN ~ 5 LIMIT
XTRIM s MINID 0
XTRIM s MINID ~ 0 LIMIT 0
XTRIM s MAXLEN 5 *
XTRIM s MAXLEN 5 MINID 5
XTRIM s NOMKSTREAM 5
XTRIM s MAXLEN 3
XDEL
XDEL s
XDEL nosuch foo
XDEL s 4
XDEL s 4-4 5-5
XDEL l foo
XDEL l 1-1
XLEN
XLEN s t
XLEN s
XLEN l
XLEN nosuch
XRANGE
XRANGE s -
XRANGE s - + COUNT
XRANGE s - + COUNT x
XRANGE s - + COUNT -1
XRANGE s - + COUNT 0
XRANGE s - + COUNT 0 COUNT 1
XRANGE s - + COUNT 2
XRANGE s - + foo
XRANGE s - + foo 1
XRANGE s - +
XRANGE s 1-2 3
XRANGE s 1 1
XRANGE s 01 000001-00000000002
XRANGE s (1-1 (3-1
XRANGE s (1 (3
XRANGE s 3 1
XRANGE s + -
XRANGE s + +
XRANGE s - -
XRANGE s 9 +
XRANGE nosuch - +
XRANGE nosuch - + foo
XRANGE nosuch - + COUNT 0
XRANGE nosuch - foo
XRANGE s ( +
XRANGE s (- +
XRANGE s (+ +
XRANGE s - (0
XRANGE s - (0-0
XRANGE s (18446744073709551615-18446744073709551615 +
XRANGE s (18446744073709551615 +
XRANGE l - +
XRANGE l - foo
XRANGE l - + foo
XRANGE l - + COUNT 0
XRANGE s foo bar
XRANGE s 1-* 2
XRANGE s $ 2
XRANGE s - + 5
XREVRANGE s - +
XREVRANGE s + -
XREVRANGE s + - COUNT 1
XREVRANGE s 3 1-2
XREVRANGE s (3-1 (1-1
XREVRANGE s foo + COUNT 1
XREVRANGE s + (0-0
XREVRANGE s (0-0 -
XREVRANGE s + foo
XREVRANGE s + (18446744073709551615-18446744073709551615
XREVRANGE l + -
XREVRANGE nosuch + -
XREAD
XREAD STREAMS
XREAD STREAMS s
XREAD STREAMS s t 0
XREAD STREAMS l t 0
XREAD STREAMS s 0
XREAD STREAMS s 0 t 0
XREAD STREAMS s t 0 0
XREAD STREAMS t s 0 0
XREAD STREAMS s s 0 1-1
XREAD STREAMS s t 0 $
XREAD STREAMS s t 0 l
XREAD STREAMS s nosuch 0 0
XREAD STREAMS s l 0 l
XREAD STREAMS l s x 0
XREAD STREAMS s l x 0
XREAD STREAMS s l 0 0
XREAD STREAMS s t l 0 > 0
XREAD STREAMS s >
XREAD STREAMS l >
XREAD STREAMS l $
XREAD STREAMS s -
XREAD STREAMS s 1
XREAD STREAMS s 1-1
XREAD STREAMS s 1-2
XREAD STREAMS s 3-1
XREAD STREAMS s 1-*
XREAD STREAMS s (1
XREAD STREAMS s 18446744073709551615-18446744073709551615
XREAD STREAMS nosuch 0
XREAD STREAMS nosuch $
XREAD STREAMS STREAMS 0
XREAD COUNT x STREAMS s 0
XREAD COUNT -1 STREAMS s 0
XREAD COUNT 0 STREAMS s 0
XREAD COUNT 1 STREAMS s 0
XREAD COUNT 1 STREAMS s t 0 0
XREAD COUNT 1 COUNT 2 STREAMS s 0
XREAD COUNT
XREAD COUNT STREAMS s 0
XREAD BLOCK x STREAMS s 0
XREAD BLOCK -1 STREAMS s 0
XREAD BLOCK 1.5 STREAMS s 0
XREAD BLOCK 99999999999999999 STREAMS s 0
XREAD BLOCK 9223372036854775808 STREAMS s 0
XREAD BLOCK 10 STREAMS s $
XREAD BLOCK 10 COUNT 1 STREAMS nosuch $
XREAD BLOCK 10 STREAMS s t l $ $ $
XREAD BLOCK 10 COUNT 1
XREAD BLOCK 10 COUNT 1 STREAMS
XREAD GROUP a b STREAMS s $
XREAD GROUP a STREAMS s $
XREAD COUNT 1 BLOCK 1 GROUP
XREAD COUNT 1 BLOCK 1 NOACK
XREAD NOACK STREAMS s $
XREAD foo STREAMS s $
XREAD COUNT 1 foo STREAMS s $
xread streams s 0
TYPE s
TYPE empty
EXISTS s empty nosuch
XLEN empty
XRANGE empty - + COUNT 0
XREAD STREAMS empty 0
SCAN 0 TYPE stream MATCH s
SCAN 0 TYPE list
LLEN s
LPUSH s x
LPUSHX s x
RPOP s
LRANGE s 0 -1
BLPOP s 0
SADD s x
SMEMBERS s
XLEN set
XADD set * a b
XREAD STREAMS set 0
XRANGE set - +`
  .trim()
  .split("\n");

/** The same keys on both. */
const keys = [
  "XADD s 1-1 a b",
  "XADD s 1-2 a b c d",
  "XADD s 3-1 a ",
  "XADD t 5-5 name value",
  "XADD b 18446744073709551615-18446744073709551615 a b",
  "XADD empty 7-7 a b",
  "XDEL empty 7-7",
  "RPUSH l x",
  "SADD set x",
];

test.each([2, 3])("answers as Redis does, in RESP%d", async (protocol) => {
  const [okq, redis] = [await startTestOkq(), await startTestRedis()];
  for (const { port } of [okq, redis]) {
    const client = closeAfterTest(await Wire.connect(port));
    for (const key of keys) await ask(client, ...key.split(" "));
  }
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
