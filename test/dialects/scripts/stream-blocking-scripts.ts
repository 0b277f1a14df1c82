// Scripts of XREAD and XREADGROUP that wait.
import { inOneWrite, script } from "../script.ts";

const TIMEOUTS = `
  a~ XREAD BLOCK 20 STREAMS $missing $
  a~ XREAD COUNT 1 BLOCK 1 STREAMS $missing $q 0 0
  XADD $q 1-1 a b
  a~ XREAD BLOCK 10 STREAMS $q $
  a~ XREAD BLOCK 10 STREAMS $q 1-1
  XGROUP CREATE $q g 0
  XREADGROUP GROUP g c STREAMS $q >
  a~ XREADGROUP GROUP g c BLOCK 10 STREAMS $q >
  a~ XREADGROUP GROUP g c COUNT 1 BLOCK 1 STREAMS $q $q > >
  XADD $q 1-2 a b
  XREADGROUP GROUP g c BLOCK 10 STREAMS $q >
`;

const READ = String.raw`
  b: XREAD BLOCK 0 STREAMS $q $
  XADD $q 1-1 n 1
  b: XREAD BLOCK 0 STREAMS $q $
  XADD $q 1-2 n 2 "" "\x00\xff"
  b: XREAD BLOCK 0 STREAMS $q 1-2
  XADD $q 1-3 n 3
  b: XREAD BLOCK 20000 COUNT 1 STREAMS $p $q 0 $
  XADD $q 2-0 n 4
  XADD $p 1-1 m 1
  b: XREAD COUNT 5 BLOCK 0 STREAMS $q $p $ $
  XADD $p 1-2 m 2
  XADD $q 3-0 n 5
  b: XREAD BLOCK 0 STREAMS $q 5-0
  XADD $q 4-0 n 6
  XADD $q 5-0 n 7
  XADD $q 5-1 n 8
  b: XREAD BLOCK 0 STREAMS $q $
  XDEL $q 5-1
  XTRIM $q MAXLEN 1
  XADD $q NOMKSTREAM 6-0 n 9
  XRANGE $q - +
`;

/** All who read get it. */
const READ_BY_SEVERAL = `
  b: XREAD BLOCK 0 STREAMS $q $
  c: XREAD BLOCK 0 STREAMS $q 0
  d: XREAD COUNT 1 BLOCK 0 STREAMS $p $q $ $
  XADD $q 1-1 n 1
  b: XREAD BLOCK 0 STREAMS $q 1-1
  c: XREAD BLOCK 0 STREAMS $q $
  d: XREAD BLOCK 0 STREAMS $q 7-7
  XADD $q 2-0 n 2
  XADD $q 8-0 n 3
`;

const GROUP = `
  XGROUP CREATE $q g 0 MKSTREAM
  b: XREADGROUP GROUP g bob BLOCK 0 STREAMS $q >
  XADD $q 1-1 n 1
  b: XREADGROUP GROUP g bob BLOCK 20000 COUNT 3 STREAMS $q >
  XADD $q 1-2 n 2
  XREADGROUP GROUP g bob STREAMS $q 0
  XPENDING $q g
  XGROUP CREATE $p g $ MKSTREAM
  b: XREADGROUP GROUP g bob BLOCK 0 STREAMS $p $q > >
  XADD $q 2-0 n 3
  b: XREADGROUP GROUP g bob BLOCK 0 STREAMS $p $q > >
  XADD $p 1-1 m 1
  XADD $q 3-0 n 4
  XREADGROUP GROUP g alice BLOCK 0 STREAMS $q >
  b: XREADGROUP GROUP g bob COUNT 1 BLOCK 0 STREAMS $q >
  XPENDING $q g
  XADD $q 4-0 n 5
  XADD $q 5-0 n 6
  XREADGROUP GROUP g alice STREAMS $q >
  XPENDING $q g
`;

const FAIR = `
  XGROUP CREATE $q g 0 MKSTREAM
  b: XREADGROUP GROUP g bob COUNT 1 BLOCK 0 STREAMS $q >
  c: XREADGROUP GROUP g carol COUNT 1 BLOCK 0 STREAMS $q >
  d: XREADGROUP GROUP g dave COUNT 1 BLOCK 0 STREAMS $q >
  XADD $q 1-1 n 1
  XADD $q 1-2 n 2
  XADD $q 1-3 n 3
  XPENDING $q g
  XADD $q 1-4 n 4
  XREADGROUP GROUP g alice BLOCK 0 STREAMS $q >
`;

/** Several groups, and clients that read without one. */
const BOTH = `
  XGROUP CREATE $q g 0 MKSTREAM
  XGROUP CREATE $q h 0
  b: XREADGROUP GROUP g bob BLOCK 0 STREAMS $q >
  c: XREADGROUP GROUP h carol BLOCK 0 STREAMS $q >
  d: XREAD BLOCK 0 STREAMS $q $
  XADD $q 1-1 n 1
  XACK $q g 1-1
  b: XREADGROUP GROUP g bob BLOCK 0 STREAMS $q >
  c: XREADGROUP GROUP h carol BLOCK 0 STREAMS $q >
  d: XREAD BLOCK 0 STREAMS $q $
  XADD $q 2-0 n 2
  XPENDING $q g
  XPENDING $q h
`;

const TRANSACTION = `
  b: XREAD BLOCK 0 STREAMS $q $
  MULTI
  XADD $q 1-1 n 1
  XADD $q 1-2 n 2
  EXEC
  XGROUP CREATE $p g 0 MKSTREAM
  b: XREADGROUP GROUP g bob BLOCK 0 STREAMS $p >
  MULTI
  XADD $p 1-1 n 1
  XADD $p 1-2 n 2
  EXEC
  b: XREADGROUP GROUP g bob BLOCK 0 STREAMS $p >
  MULTI
  XADD $p 2-0 n 3
  XREADGROUP GROUP g alice STREAMS $p >
  EXEC
  XADD $p 3-0 n 4
  XPENDING $p g
`;

const WITH_COMMANDS_BEHIND = `
  b: XREAD BLOCK 0 STREAMS $q $ | XLEN $q | PING behind
  XADD $q 1-1 n 1
  XGROUP CREATE $q g 0
  b: ${inOneWrite(
    "XREADGROUP GROUP g bob BLOCK 0 STREAMS $q >",
    "XREADGROUP GROUP g bob BLOCK 0 STREAMS $q >",
    "XREADGROUP GROUP g bob STREAMS $q 0",
  )}
  XADD $q 1-2 n 2
`;

const UNBLOCK = `
  XGROUP CREATE $q g 0 MKSTREAM
  b: XREAD BLOCK 0 STREAMS $q $
  CLIENT UNBLOCK #b
  b: XREAD BLOCK 0 STREAMS $q $p 0 0
  CLIENT UNBLOCK #b TIMEOUT
  b: XREADGROUP GROUP g bob BLOCK 0 STREAMS $q >
  CLIENT UNBLOCK #b ERROR
  b: XREADGROUP GROUP g bob BLOCK 0 STREAMS $q >
  CLIENT UNBLOCK #b
  CLIENT UNBLOCK #b
  XADD $q 1-1 n 1
  XREADGROUP GROUP g alice STREAMS $q >
`;

const GONE = `
  XGROUP CREATE $q g 0 MKSTREAM
  b: XREADGROUP GROUP g bob BLOCK 0 STREAMS $q >
  c: XREADGROUP GROUP g carol BLOCK 0 STREAMS $q >
  b!
  XADD $q 1-1 n 1
  b: XREAD BLOCK 0 STREAMS $q $
  d: XREAD BLOCK 0 STREAMS $q $
  b!
  XADD $q 1-2 n 2
  XREADGROUP GROUP g alice STREAMS $q >
  XPENDING $q g
`;

/** A list or a set takes the name that a client waits for. */
const OTHER_KIND = `
  b: XREAD BLOCK 0 STREAMS $q $
  RPUSH $q a
  SADD $s m
  DEL $q
  XADD $q 1-1 n 1
  c: BLPOP $p 0
  XADD $p 1-1 n 1
  DEL $p
  RPUSH $p a
`;

const REMOVED = `
  XADD $q 5-5 n 1
  b: XREAD BLOCK 0 STREAMS $q $
  DEL $q
  XADD $q 0-1 n 1
  XADD $q 6-0 n 2
  b: XREAD BLOCK 0 STREAMS $q $
  FLUSHALL
  XADD $q 7-0 n 2
`;

export const streamBlockingScripts = [
  script("XREAD and XREADGROUP whose time ends", TIMEOUTS),
  script("XREAD that waits", READ),
  script("several clients that wait in XREAD", READ_BY_SEVERAL),
  script("XREADGROUP that waits", GROUP),
  script("several clients that wait in XREADGROUP", FAIR),
  script("clients that wait with and without a group", BOTH),
  script("waits for a stream that a transaction ends", TRANSACTION),
  script("commands behind a wait for a stream", WITH_COMMANDS_BEHIND),
  script("CLIENT UNBLOCK of a wait for a stream", UNBLOCK),
  script("clients that are gone from a wait for a stream", GONE),
  script("a wait for a name that becomes another kind of key", OTHER_KIND),
  script("a wait for a stream that is deleted", REMOVED),
];
