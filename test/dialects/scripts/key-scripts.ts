// Scripts of the commands on keys, on sets, and of PUBLISH.
import { script } from "../script.ts";

const DELETE = `
  DEL $q
  RPUSH $q a b
  SADD $s m
  RPUSH $p c
  DEL $q
  DEL $q
  LLEN $q
  DEL $q $s $p $missing
  RPUSH $q a
  SADD $s m
  UNLINK $q $q $s
  RPUSH $q a
  DEL $q $q
  DEL
  UNLINK
  unlink $missing
`;

const EXISTS = `
  EXISTS $q
  TYPE $q
  RPUSH $q a
  SADD $s m
  EXISTS $q
  EXISTS $q $s $missing $q
  TYPE $q
  TYPE $s
  TYPE $missing
  LPOP $q
  SREM $s m
  EXISTS $q $s
  TYPE $q
  TYPE $s
  EXISTS
  TYPE
  TYPE $q $s
  TTL $q
  PTTL $q
  RPUSH $q a
  TTL $q
  PTTL $q
  PERSIST $q
  PERSIST $missing
  TTL
  PERSIST
  PTTL $q $s
`;

const NAMES = String.raw`
  KEYS *
  SCAN 0
  DBSIZE
  RPUSH $q a
  RPUSH $p b c
  SADD $s m
  SADD other m
  KEYS *
  KEYS {k}*
  KEYS "{k}[pq]"
  KEYS ?ther
  KEYS nosuch*
  KEYS other
  DBSIZE
  SCAN 0 COUNT 100
  SCAN 0 MATCH *q COUNT 100
  SCAN 0 COUNT 100 TYPE list
  SCAN 0 TYPE set COUNT 100 MATCH o*
  SCAN 0 COUNT 100 TYPE string
  SCAN 0 COUNT 100 TYPE nosuch
  scan 0 count 100 match nosuch
  SCAN x
  SCAN 0 COUNT 0
  SCAN 0 COUNT -1
  SCAN 0 COUNT x
  SCAN 0 COUNT
  SCAN 0 FOO
  SCAN 0 FOO 1
  SCAN 0 MATCH
  SCAN
  KEYS
  KEYS a b
  DBSIZE x
  FLUSHDB
  DBSIZE
  RPUSH $q a
  FLUSHALL ASYNC
  DBSIZE
  RPUSH $q a
  SADD $s m
  flushdb sync
  DBSIZE
  FLUSHALL FOO
  FLUSHALL ASYNC SYNC
  FLUSHDB FOO
  EXISTS $q $s
`;

const MEMORY = `
  MEMORY USAGE $q
  RPUSH $q a b
  SADD $s m
  MEMORY USAGE $q
  MEMORY USAGE $s
  memory usage $q SAMPLES 5
  MEMORY USAGE $q SAMPLES 0
  MEMORY USAGE $q SAMPLES -1
  MEMORY USAGE $q SAMPLES x
  MEMORY USAGE $q SAMPLES
  MEMORY USAGE $q FOO 1
  MEMORY USAGE
  MEMORY
`;

const SETS = String.raw`
  SMEMBERS $s
  SCARD $s
  SISMEMBER $s a
  SMISMEMBER $s a b
  SREM $s a
  SADD $s a
  SMEMBERS $s
  SADD $s a b b "\x00\xff" ""
  SCARD $s
  SMEMBERS $s
  SISMEMBER $s a
  SISMEMBER $s ""
  SISMEMBER $s A
  SISMEMBER $s "\x00\xff"
  SMISMEMBER $s a z "" a
  SREM $s a z
  SREM $s b b ""
  SCARD $s
  SREM $s "\x00\xff"
  EXISTS $s
  RPUSH $s now-a-list
  SADD $s a
  DEL $s
  sadd $s 1 2 3 10 -1
  SCARD $s
  SISMEMBER $s 1
  SISMEMBER $s 01
  SMEMBERS $s
  SADD
  SADD $s
  SREM
  SREM $s
  SMEMBERS
  SMEMBERS $s $s
  SCARD
  SCARD $s $s
  SISMEMBER $s
  SISMEMBER $s a b
  SMISMEMBER $s
  SMISMEMBER
  RPUSH $q a
  SADD $q m
  SREM $q m
  SMEMBERS $q
  SCARD $q
  SISMEMBER $q m
  SMISMEMBER $q m
  LPOP $q
  SADD $q m
  TYPE $q
`;

const PUBLISH = String.raw`
  PUBLISH nobody x
  b: SUBSCRIBE news
  c: PSUBSCRIBE n*
  d: PSUBSCRIBE nosuch* *s
  PUBLISH news hello
  b: +1
  c: +1
  d: +1
  PUBLISH sports "\x00\xff"
  d: +1
  PUBLISH NEWS x
  b: UNSUBSCRIBE news
  PUBLISH news ""
  c: +1
  d: +1
  PUBLISH
  PUBLISH news
  PUBLISH news a b
  MULTI
  PUBLISH nx in
  EXEC
  c: +1
`;

/** What okq refuses. */
const REFUSED = `
  RPUSH $q a
  SADD $s <1024>
  EXPIRE $q 10
  PEXPIRE $q 10000
  EXPIREAT $q 33177117420
  PEXPIREAT $q 33177117420000
  LRANGE $q 0 -1
  SCARD $s
  SADD $s <1025>
`;

const KEDA = String.raw`
local listName = KEYS[1]
local listType = redis.call('type', listName).ok
local cmd = {
  zset = 'zcard',
  set = 'scard',
  list = 'llen',
  hash = 'hlen',
  none = 'llen'
}

return redis.call(cmd[listType], listName)
`;

const LOGSTASH = String.raw`
local batchsize = tonumber(ARGV[1])
local result = redis.call('lrange', KEYS[1], 0, batchsize)
redis.call('ltrim', KEYS[1], batchsize + 1, -1)
return result
`;

const quoted = (text: string) => `"${text.replaceAll("\n", "\\n")}"`;

/** The scripts that two programs send. */
const SCRIPTS = `
  EVAL ${quoted(KEDA)} 1 $q
  RPUSH $q a b c d e
  SADD $s m n
  EVAL ${quoted(KEDA)} 1 $q
  EVAL ${quoted(KEDA)} 1 $s
  SCRIPT LOAD ${quoted(LOGSTASH)}
  EVAL ${quoted(LOGSTASH)} 1 $q 1
  EVAL ${quoted(LOGSTASH)} 1 $q 0
  EVAL ${quoted(LOGSTASH)} 1 $q 100
  EVAL ${quoted(LOGSTASH)} 1 $q 100
  EVALSHA 0123456789012345678901234567890123456789 1 $q
  EVAL ${quoted(KEDA)}
  EVAL ${quoted(KEDA)} x $q
`;

export const keyScripts = [
  script("DEL and UNLINK", DELETE),
  script("EXISTS, TYPE and TTL", EXISTS),
  script("KEYS, SCAN and DBSIZE", NAMES),
  script("MEMORY USAGE", MEMORY),
  script("sets", SETS),
  script("PUBLISH", PUBLISH),
  script("what okq refuses", REFUSED),
  script("scripts", SCRIPTS),
];
