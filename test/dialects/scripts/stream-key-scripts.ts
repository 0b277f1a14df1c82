// Scripts of streams as keys beside lists and sets, and in transactions.
import { inOneWrite, script } from "../script.ts";

const STREAM_COMMANDS_ON = (key: string) => `
  XADD ${key} 1-1 a b
  XADD ${key} NOMKSTREAM 1-1 a b
  XADD ${key} MAXLEN 5 * a b
  XADD ${key} 0-0 a b
  XADD ${key} x a b
  XADD ${key} 1-1 a
  XLEN ${key}
  XRANGE ${key} - +
  XREVRANGE ${key} + - COUNT 1
  XRANGE ${key} x +
  XRANGE ${key} - + COUNT 0
  XREAD STREAMS ${key} 0
  XREAD STREAMS ${key} $
  XREAD STREAMS ${key} x
  XREAD BLOCK 0 STREAMS ${key} $
  XREAD STREAMS $missing ${key} 0 0
  XDEL ${key} 1-1
  XDEL ${key} x
  XTRIM ${key} MAXLEN 0
  XTRIM ${key} MINID 5
  XTRIM ${key} MAXLEN x
  XGROUP CREATE ${key} g 0
  XGROUP CREATE ${key} g $ MKSTREAM
  XGROUP CREATE ${key} g x MKSTREAM
  XGROUP DESTROY ${key} g
  XGROUP CREATECONSUMER ${key} g c
  XGROUP DELCONSUMER ${key} g c
  XREADGROUP GROUP g c STREAMS ${key} >
  XREADGROUP GROUP g c STREAMS ${key} 0
  XREADGROUP GROUP g c BLOCK 0 STREAMS ${key} >
  XREADGROUP GROUP g c STREAMS ${key} x
  XACK ${key} g 1-1
  XACK ${key} g x
  XPENDING ${key} g
  XPENDING ${key} g - + 10
  XCLAIM ${key} g c 0 1-1
  XCLAIM ${key} g c x 1-1
  XAUTOCLAIM ${key} g c 0 0
  XAUTOCLAIM ${key} g c x 0
  XINFO STREAM ${key}
  XINFO STREAM ${key} FULL
  XINFO GROUPS ${key}
  XINFO CONSUMERS ${key} g
`;

const ON_A_LIST = `
  RPUSH $q a
  ${STREAM_COMMANDS_ON("$q")}
  LRANGE $q 0 -1
  TYPE $q
  LPOP $q
  XADD $q 1-1 a b
  TYPE $q
`;

const ON_A_SET = `
  SADD $s m
  ${STREAM_COMMANDS_ON("$s")}
  SMEMBERS $s
`;

const OTHERS_ON_A_STREAM = `
  XADD $q 1-1 a b
  LPUSH $q a
  RPUSH $q a b
  LPUSHX $q a
  RPUSHX $q a
  LPOP $q
  LPOP $q 2
  RPOP $q
  LLEN $q
  LRANGE $q 0 -1
  LINDEX $q 0
  LSET $q 0 a
  LTRIM $q 0 0
  LREM $q 0 a
  LPOS $q a
  LINSERT $q BEFORE a b
  LMOVE $q $p LEFT LEFT
  RPOPLPUSH $q $p
  LMPOP 1 $q LEFT
  BLPOP $q 0
  BRPOP $missing $q 0
  BLMOVE $q $p LEFT LEFT 0
  BRPOPLPUSH $q $p 0
  BLMPOP 0 1 $q LEFT
  RPUSH $p a
  LMOVE $p $q LEFT LEFT
  RPOPLPUSH $p $q
  BLMOVE $p $q LEFT LEFT 0
  SADD $q m
  SREM $q m
  SMEMBERS $q
  SISMEMBER $q m
  SMISMEMBER $q m
  SCARD $q
  LRANGE $p 0 -1
  XRANGE $q - +
  XDEL $q 1-1
  RPUSH $q a
  SADD $q a
  LLEN $q
  LPUSHX $q a
  BLPOP $q 0
  DEL $q
  RPUSH $q a
`;

const KEYS = `
  XADD $q 1-1 a b
  XADD $q 1-2 a b
  RPUSH $p x
  SADD $s m
  XGROUP CREATE $r g 0 MKSTREAM
  TYPE $q
  TYPE $r
  EXISTS $q $p $s $r $q
  DBSIZE
  KEYS {k}*
  SCAN 0 COUNT 100
  SCAN 0 COUNT 100 TYPE stream
  SCAN 0 COUNT 100 TYPE list
  SCAN 0 COUNT 100 TYPE set MATCH *s
  MEMORY USAGE $q
  TTL $q
  PERSIST $q
  XDEL $q 1-1 1-2
  EXISTS $q
  TYPE $q
  KEYS {k}*
  DEL $q
  DEL $q
  TYPE $q
  XLEN $q
  XADD $q 1-1 a b
  XGROUP CREATE $q g 0
  XGROUP CREATE $q h 0
  XREADGROUP GROUP g c STREAMS $q >
  UNLINK $q $r $p
  EXISTS $q $r $p $s
  DBSIZE
  XADD $q 0-1 a b
  XREADGROUP GROUP h c STREAMS $q >
  XGROUP CREATE $q g 0
  XGROUP CREATE $q h 0
  XREADGROUP GROUP h c STREAMS $q >
  XINFO CONSUMERS $q g
  FLUSHALL
  EXISTS $q
  XADD $q 0-1 a b
  DBSIZE
`;

const TRANSACTION = `
  MULTI
  XADD $q 1-1 n 1
  XADD $q 1-* n 2
  XADD $q MAXLEN 10 2-0 n 3
  XADD $p NOMKSTREAM 1-1 n 1
  XLEN $q
  XRANGE $q - +
  XREVRANGE $q + - COUNT 1
  XREAD STREAMS $q $p 0 0
  XGROUP CREATE $q g 0
  XGROUP CREATE $q h 0
  XGROUP CREATECONSUMER $q g zoe
  XREADGROUP GROUP g alice COUNT 2 STREAMS $q >
  XREADGROUP GROUP g alice STREAMS $q 0
  XREADGROUP GROUP h bob STREAMS $q >
  XPENDING $q g
  XCLAIM $q g bob 0 1-1
  XAUTOCLAIM $q g carol 0 0 JUSTID
  XPENDING $q h
  XACK $q g 1-1 1-2
  XPENDING $q g
  XREADGROUP GROUP g bob STREAMS $q >
  XREADGROUP GROUP g bob STREAMS $q >
  XGROUP DELCONSUMER $q g zoe
  XGROUP DESTROY $q h
  TYPE $q
  EXEC
  XPENDING $q g
  MULTI
  XADD $p 1-1 n 1
  XADD $p 1-2 n 2
  XDEL $p 1-1
  XTRIM $p MAXLEN 0
  XLEN $p
  DEL $q $p
  EXISTS $q $p
  RPUSH $q a
  TYPE $q
  EXEC
`;

const WAITS_IN_TRANSACTION = `
  XGROUP CREATE $q g 0 MKSTREAM
  MULTI
  XREAD BLOCK 0 STREAMS $q 0
  XREAD BLOCK 0 STREAMS $missing $
  XREADGROUP GROUP g c BLOCK 0 STREAMS $q >
  XADD $q 1-1 n 1
  XREAD BLOCK 0 STREAMS $q $
  XREAD BLOCK 0 STREAMS $q 0
  XREADGROUP GROUP g c BLOCK 0 STREAMS $q >
  XREADGROUP GROUP g c BLOCK 0 STREAMS $q >
  EXEC
`;

const ERRORS_IN_TRANSACTION = `
  RPUSH $p x
  XADD $q 5-0 n 1
  MULTI
  XADD $q 5-0 n 2
  XADD $p 1-1 n 1
  XLEN $p
  LPUSH $q a
  XGROUP CREATE $missing g 0
  XREADGROUP GROUP g c STREAMS $q >
  XPENDING $q g
  XCLAIM $q g c 0 1-1
  XAUTOCLAIM $q g c 0 0
  XACK $p g 1-1
  XINFO STREAM $missing
  XGROUP CREATE $q g 0
  XGROUP CREATE $q g 0
  XADD $q 6-0 n 2
  EXEC
  XRANGE $q - +
  LRANGE $p 0 -1
  MULTI
  XADD $q 7-0
  XADD $q 8-0 n 3
  EXEC
  XLEN $q
`;

const PIPELINE = `
  XADD $q 1-1 n 1 | XADD $q 1-2 n 2 | XLEN $q | XADD $q 1-2 n 3 | XADD $q 1-3 n 4
  ${inOneWrite(
    "XGROUP CREATE $q g 0",
    "XREADGROUP GROUP g c COUNT 1 STREAMS $q >",
    "XREADGROUP GROUP g d COUNT 1 STREAMS $q >",
    "XREADGROUP GROUP g c STREAMS $q >",
    "XREADGROUP GROUP g c STREAMS $q >",
  )}
  XACK $q g 1-1 | XACK $q g 1-1 | XACK $q g 1-2 1-3 | XPENDING $q g
  ${inOneWrite(
    "XADD $p 1-1 n 1",
    "LPUSH $p a",
    "XADD $p 2-0 n 2",
    "XRANGE $p - +",
    "XDEL $p 1-1",
    "XLEN $p",
    "DEL $p",
    "RPUSH $p a",
    "XADD $p 3-0 n 1",
    "LRANGE $p 0 -1",
  )}
`;

export const streamKeyScripts = [
  script("stream commands on a list", ON_A_LIST),
  script("stream commands on a set", ON_A_SET),
  script("commands of lists and sets on a stream", OTHERS_ON_A_STREAM),
  script("streams as keys", KEYS),
  script("streams in a transaction", TRANSACTION),
  script("waits for streams in a transaction", WAITS_IN_TRANSACTION),
  script("errors of streams in a transaction", ERRORS_IN_TRANSACTION),
  script("several stream commands in one write", PIPELINE),
];
