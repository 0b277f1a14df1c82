// Scripts of claims of entries, and of what is to know about streams.
import { script } from "../script.ts";

const PENDING = String.raw`
  XADD $q 1-1 n 1
  XADD $q 1-2 n 2
  XADD $q 2-0 n 3
  XADD $q 3-0 n 4
  XADD $q 10-0 n 5
  XGROUP CREATE $q g 0
  XPENDING $q g
  XPENDING $q g - + 10
  XREADGROUP GROUP g bob COUNT 2 STREAMS $q >
  XREADGROUP GROUP g alice COUNT 1 STREAMS $q >
  XREADGROUP GROUP g "\x00\xff" COUNT 1 STREAMS $q >
  XREADGROUP GROUP g bob COUNT 1 STREAMS $q >
  xpending $q g
  XPENDING $q g - + 10
  XPENDING $q g - + 2
  XPENDING $q g - + 0
  XPENDING $q g - + -1
  XPENDING $q g - + 10 bob
  XPENDING $q g - + 1 bob
  XPENDING $q g - + 10 nobody
  XPENDING $q g - + 10 "\x00\xff"
  XPENDING $q g 1-2 2-0 10
  XPENDING $q g (1-2 (10-0 10
  XPENDING $q g (1-1 + 10 bob
  XPENDING $q g 1 1 10
  XPENDING $q g 2 9 10
  XPENDING $q g 4 9 10
  XPENDING $q g + - 10
  XPENDING $q g IDLE 0 - + 10
  XPENDING $q g idle 0 - + 2 bob
  XPENDING $q g IDLE 3600000 - + 10
  XPENDING $q g IDLE 3600000 - + 10 bob
  XPENDING $q g IDLE -1 - + 10
  XACK $q g 1-1 2-0
  XPENDING $q g
  XPENDING $q g - + 10
  XACK $q g 1-2 3-0 10-0
  XPENDING $q g
  XPENDING $q g - + 10
`;

const PENDING_ERRORS = `
  XPENDING
  XPENDING $q
  XPENDING $q g
  XPENDING $q g - + 10
  XPENDING $q g x + 10
  XADD $q 1-1 n 1
  XPENDING $q g
  XPENDING $q g - + 10
  XPENDING $q g - + 10 bob
  XGROUP CREATE $q g 0
  XPENDING $q h
  XPENDING $q g -
  XPENDING $q g - +
  XPENDING $q g - + x
  XPENDING $q g - + 1.5
  XPENDING $q g x + 10
  XPENDING $q g - x 10
  XPENDING $q g (x + 10
  XPENDING $q g (- + 10
  XPENDING $q g (18446744073709551615-18446744073709551615 + 10
  XPENDING $q g - (0-0 10
  XPENDING $q g > + 10
  XPENDING $q g IDLE
  XPENDING $q g IDLE 0
  XPENDING $q g IDLE 0 -
  XPENDING $q g IDLE 0 - +
  XPENDING $q g IDLE x - + 10
  XPENDING $q g IDLE 1.5 - + 10
  XPENDING $q g IDLE 0 - + 10 bob more
  XPENDING $q g FOO 0 - + 10
  XPENDING $q g IDLE 0 - + x
  XPENDING $q h - + x
  XPENDING $q h x + 10
`;

const CLAIM = String.raw`
  XCLAIM $missing g bob 0 1-1
  XADD $q 1-1 n 1
  XADD $q 1-2 n 2
  XADD $q 2-0 n 3 "" "\x00"
  XADD $q 3-0 n 4
  XCLAIM $q g bob 0 1-1
  XGROUP CREATE $q g 0
  XCLAIM $q h bob 0 1-1
  XCLAIM $q g bob 0 1-1
  XREADGROUP GROUP g alice COUNT 3 STREAMS $q >
  XCLAIM $q g bob 0 1-1
  XPENDING $q g
  XPENDING $q g - + 10
  xclaim $q g bob 0 2-0 9-9 1-1 3-0
  XCLAIM $q g bob 0 2
  XCLAIM $q g bob 0 1-1 1-1
  XCLAIM $q g bob 3600000 1-1 1-2
  XCLAIM $q g carol 0 1-1 1-2 JUSTID
  XCLAIM $q g carol 0 9-9 JUSTID
  xclaim $q g carol 0 2-0 justid
  XPENDING $q g - + 10
  XCLAIM $q g carol 0 1-2
  XCLAIM $q g "\x00\xff" -5 1-2
  XPENDING $q g - + 10
  XREADGROUP GROUP g bob STREAMS $q 0
  XREADGROUP GROUP g bob STREAMS $q >
  XACK $q g 1-1 1-2 2-0 3-0
  XCLAIM $q g bob 0 1-1 3-0
  XPENDING $q g
`;

const CLAIM_ERRORS = `
  XCLAIM
  XCLAIM $q
  XCLAIM $q g bob 0
  XCLAIM $q g bob 0 1-1
  XCLAIM $q g bob x 1-1
  XCLAIM $q g bob 0 x
  XADD $q 1-1 n 1
  XCLAIM $q g bob 0 1-1
  XCLAIM $q g bob x 1-1
  XGROUP CREATE $q g 0
  XREADGROUP GROUP g alice STREAMS $q >
  XCLAIM $q h bob 0 1-1
  XCLAIM $q g bob x 1-1
  XCLAIM $q g bob 1.5 1-1
  XCLAIM $q g bob "" 1-1
  XCLAIM $q g bob 0 1-1 JUSTID 1-1
  XCLAIM $q g bob 0 1-1 FOO
  XCLAIM $q g bob 0 1-1 foo 1-1
  XCLAIM $q nosuch bob 0 1-1 FOO
  XCLAIM $q h bob 0 1-1 FOO
  XPENDING $q g
`;

const CLAIM_ALL = String.raw`
  XAUTOCLAIM $missing g bob 0 0
  XADD $q 1-1 n 1
  XADD $q 1-2 n 2
  XADD $q 2-0 n 3
  XADD $q 3-0 n 4
  XADD $q 4-0 n 5
  XAUTOCLAIM $q g bob 0 0
  XGROUP CREATE $q g 0
  XAUTOCLAIM $q h bob 0 0
  XAUTOCLAIM $q g bob 0 0
  XREADGROUP GROUP g alice COUNT 4 STREAMS $q >
  XAUTOCLAIM $q g bob 0 0 COUNT 2
  XPENDING $q g - + 10
  XAUTOCLAIM $q g bob 0 2-0 COUNT 1
  XAUTOCLAIM $q g bob 0 2-0 COUNT 2
  xautoclaim $q g carol 0 1-2 count 1 justid
  XAUTOCLAIM $q g carol 0 (1-2 COUNT 1 JUSTID
  XAUTOCLAIM $q g carol 0 - JUSTID
  XAUTOCLAIM $q g carol 0 +
  XAUTOCLAIM $q g carol 0 2
  XAUTOCLAIM $q g carol 0 3-1
  XAUTOCLAIM $q g dave 3600000 0
  XAUTOCLAIM $q g dave 3600000 0-0 COUNT 1 JUSTID
  XAUTOCLAIM $q g dave -1 0 JUSTID COUNT 3
  XAUTOCLAIM $q g "\x00\xff" 0 0
  XPENDING $q g - + 10
  XREADGROUP GROUP g carol STREAMS $q >
  XACK $q g 1-1 1-2 2-0 3-0 4-0
  XAUTOCLAIM $q g carol 0 0
  XAUTOCLAIM $q g carol 0 0 JUSTID
`;

const CLAIM_ALL_ERRORS = `
  XAUTOCLAIM
  XAUTOCLAIM $q
  XAUTOCLAIM $q g bob 0
  XAUTOCLAIM $q g bob 0 0
  XAUTOCLAIM $q g bob x 0
  XAUTOCLAIM $q g bob 0 x
  XADD $q 1-1 n 1
  XAUTOCLAIM $q g bob 0 0
  XAUTOCLAIM $q g bob x 0
  XGROUP CREATE $q g 0
  XREADGROUP GROUP g alice STREAMS $q >
  XAUTOCLAIM $q h bob 0 0
  XAUTOCLAIM $q g bob x 0
  XAUTOCLAIM $q g bob 1.5 0
  XAUTOCLAIM $q g bob 0 x
  XAUTOCLAIM $q g bob 0 (x
  XAUTOCLAIM $q g bob 0 (-
  XAUTOCLAIM $q g bob 0 (18446744073709551615-18446744073709551615
  XAUTOCLAIM $q g bob 0 ""
  XAUTOCLAIM $q g bob 0 >
  XAUTOCLAIM $q g bob 0 0 FOO
  XAUTOCLAIM $q g bob 0 0 COUNT
  XAUTOCLAIM $q g bob 0 0 COUNT 0
  XAUTOCLAIM $q g bob 0 0 COUNT -1
  XAUTOCLAIM $q g bob 0 0 COUNT x
  XAUTOCLAIM $q g bob 0 0 COUNT 9999999999999999999
  XAUTOCLAIM $q g bob 0 0 1
  XAUTOCLAIM $q h bob 0 0 COUNT 0
  XPENDING $q g
`;

const INFO = String.raw`
  XINFO STREAM $q
  XADD $q 1-1 n 1
  XINFO STREAM $q
  XINFO GROUPS $q
  XADD $q 1-2 n 2
  XADD $q 2-0 "\x00" ""
  XINFO STREAM $q
  XGROUP CREATE $q g 0
  XGROUP CREATE $q h 0
  XINFO STREAM $q
  xinfo stream $q
  XINFO GROUPS $q
  XINFO CONSUMERS $q g
  XREADGROUP GROUP g bob COUNT 2 STREAMS $q >
  XREADGROUP GROUP g alice STREAMS $q >
  XREADGROUP GROUP h alice COUNT 1 STREAMS $q >
  XADD $q 3-0 n 4
  XINFO GROUPS $q
  xinfo consumers $q g
  XINFO CONSUMERS $q h
  XINFO STREAM $q FULL
  XINFO STREAM $q full COUNT 1
  XINFO STREAM $q FULL COUNT 0
  XINFO STREAM $q FULL COUNT -1
  XACK $q g 2-0
  XGROUP CREATECONSUMER $q h zoe
  XINFO CONSUMERS $q g
  XINFO CONSUMERS $q h
  XADD $q 4-0 n 5
  XTRIM $q MAXLEN 100
  XGROUP DESTROY $q h
  XINFO GROUPS $q
  DEL $q
  XADD $q 1-1 n 1
  XADD $q 1-2 n 2
  XADD $q 1-3 n 3
  XDEL $q 1-1 1-3
  XINFO STREAM $q
  XTRIM $q MAXLEN 0
  XINFO STREAM $q
  DEL $q
  XGROUP CREATE $q g 0 MKSTREAM
  XINFO STREAM $q
  XINFO GROUPS $q
  XINFO CONSUMERS $q g
  XINFO STREAM $q FULL
`;

const INFO_ERRORS = `
  XINFO
  XINFO FOO
  XINFO FOO $q
  XINFO STREAM
  XINFO STREAM $q
  XINFO STREAM $q FOO
  XINFO GROUPS
  XINFO GROUPS $q
  XINFO GROUPS $q g
  XINFO CONSUMERS
  XINFO CONSUMERS $q
  XINFO CONSUMERS $q g
  XINFO CONSUMERS $q g h
  XADD $q 1-1 n 1
  XINFO CONSUMERS $q g
  XINFO STREAM $q FOO
  XINFO STREAM $q FULL FOO
  XINFO STREAM $q FULL COUNT
  XINFO STREAM $q FULL COUNT x
  XINFO STREAM $q FULL FOO 1
  XINFO STREAM $q FULL COUNT 1 2
`;

export const streamClaimScripts = [
  script("XPENDING", PENDING),
  script("errors of XPENDING", PENDING_ERRORS),
  script("XCLAIM", CLAIM),
  script("errors of XCLAIM", CLAIM_ERRORS),
  script("XAUTOCLAIM", CLAIM_ALL),
  script("errors of XAUTOCLAIM", CLAIM_ALL_ERRORS),
  script("XINFO", INFO),
  script("errors of XINFO", INFO_ERRORS),
];
