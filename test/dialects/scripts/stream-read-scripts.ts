// Scripts of what shows the entries of streams, without groups, and does not wait.
import { script } from "../script.ts";

const RANGE = String.raw`
  XRANGE $missing - +
  XREVRANGE $missing + -
  XRANGE $missing - + COUNT 0
  XADD $q 1-1 n 1
  XADD $q 1-2 n 2
  XADD $q 2-0 n 3 more fields
  XADD $q 3-5 n 4 "" "\x00\xff"
  XADD $q 10-0 n 5
  XADD $q 100-18446744073709551615 n 6
  XRANGE $q - +
  XREVRANGE $q + -
  XRANGE $q + -
  XREVRANGE $q - +
  XRANGE $q - -
  XRANGE $q + +
  XRANGE $q 1 1
  XRANGE $q 1 2
  XRANGE $q 1-2 2
  XRANGE $q 2 +
  XRANGE $q 2-1 +
  XRANGE $q - 1-1
  XRANGE $q 0 0
  XRANGE $q 3 9
  XRANGE $q 4 9
  XRANGE $q 100 100
  XRANGE $q 101 +
  XRANGE $q (1-1 +
  XRANGE $q (1 +
  XRANGE $q - (10
  XRANGE $q - (10-0
  XRANGE $q (1-1 (10-0
  XRANGE $q (1-1 (1-2
  XRANGE $q (2-0 (2-0
  XRANGE $q 2-0 2-0
  XRANGE $q (0-0 +
  XRANGE $q - (18446744073709551615-18446744073709551615
  XREVRANGE $q 2 1
  XREVRANGE $q 1 1
  XREVRANGE $q (10-0 (1-1
  XREVRANGE $q + (10
  XREVRANGE $q (1-2 -
  XRANGE $q - + COUNT 2
  XREVRANGE $q + - COUNT 2
  xrange $q - + count 1
  XRANGE $q 1-2 + COUNT 3
  XREVRANGE $q 10 - COUNT 3
  XRANGE $q - + COUNT 100
  XRANGE $q - + COUNT 0
  XREVRANGE $q + - COUNT 0
  XRANGE $q - + COUNT -1
  XRANGE $q - + COUNT -5
  XREVRANGE $q + - COUNT -1
  XRANGE $q - + COUNT 1 COUNT 2
  XRANGE $q 18446744073709551615-18446744073709551615 +
`;

const RANGE_ERRORS = `
  XRANGE
  XRANGE $q
  XRANGE $q -
  XRANGE $q - + x
  XRANGE $q - + COUNT
  XRANGE $q - + COUNT x
  XRANGE $q - + COUNT 1.5
  XRANGE $q - + FOO 1
  XRANGE $q x +
  XRANGE $q - x
  XRANGE $q "" +
  XRANGE $q - ""
  XRANGE $q 1-x +
  XRANGE $q 1- +
  XRANGE $q -1 +
  XRANGE $q * +
  XRANGE $q $ +
  XRANGE $q > +
  XRANGE $q ( +
  XRANGE $q (- +
  XRANGE $q - (+
  XRANGE $q (x +
  XRANGE $q ((1 +
  XRANGE $q 18446744073709551616 +
  XRANGE $q (18446744073709551615-18446744073709551615 +
  XRANGE $q (18446744073709551615 +
  XRANGE $q - (0-0
  XRANGE $q - (0
  XRANGE $q 1-* +
  XRANGE $q x + COUNT x
  XREVRANGE
  XREVRANGE $q
  XREVRANGE $q +
  XREVRANGE $q x -
  XREVRANGE $q + x
  XREVRANGE $q + (18446744073709551615-18446744073709551615
  XREVRANGE $q (0-0 -
  XREVRANGE $q + - COUNT
  XREVRANGE $q + - COUNT x
  XREVRANGE $q + - FOO 1
  EXISTS $q
`;

const READ = String.raw`
  XREAD STREAMS $missing 0
  XREAD STREAMS $missing $
  XADD $q 1-1 n 1
  XADD $q 1-2 n 2
  XADD $q 2-0 "\x00" "" n 3
  XADD $p 5-5 m 1
  XREAD STREAMS $q 0
  XREAD STREAMS $q 0-0
  XREAD STREAMS $q 1
  XREAD STREAMS $q 1-1
  XREAD STREAMS $q 1-2
  XREAD STREAMS $q 2
  XREAD STREAMS $q 2-0
  XREAD STREAMS $q 3
  XREAD STREAMS $q $
  XREAD STREAMS $q 18446744073709551615-18446744073709551615
  XREAD STREAMS $q $p 0 0
  XREAD STREAMS $p $q 5 1
  XREAD STREAMS $q $missing $p 2 0 0
  XREAD STREAMS $q $p $ 5-5
  XREAD STREAMS $q $q 0 1-2
  XREAD COUNT 1 STREAMS $q 0
  XREAD COUNT 1 STREAMS $q $p 0 0
  xread count 2 streams $q 1-1
  XREAD COUNT 0 STREAMS $q 0
  XREAD COUNT -1 STREAMS $q 0
  XREAD COUNT 100 STREAMS $q 0
  XREAD COUNT 1 COUNT 2 STREAMS $q 0
  XREAD BLOCK 0 STREAMS $q 0
  XREAD BLOCK 1000 COUNT 2 STREAMS $q 0
  XREAD COUNT 1 BLOCK 0 STREAMS $missing $q $p 0 0 0
  XDEL $q 1-1 1-2 2-0
  XREAD STREAMS $q 0
  XREAD STREAMS $q $p 0 0
`;

const READ_ERRORS = `
  XREAD
  XREAD STREAMS
  XREAD STREAMS $q
  XREAD STREAMS $q $p 0
  XREAD STREAMS $q $p $r 0 0
  XREAD STREAMS $q x
  XREAD STREAMS $q -
  XREAD STREAMS $q *
  XREAD STREAMS $q >
  XREAD STREAMS $q (1
  XREAD STREAMS $q ""
  XREAD STREAMS $q 1-x
  XREAD STREAMS $q $p 0 x
  XREAD STREAMS $q 18446744073709551616
  XREAD COUNT STREAMS $q 0
  XREAD COUNT x STREAMS $q 0
  XREAD COUNT 1.5 STREAMS $q 0
  XREAD COUNT 1
  XREAD COUNT 1 $q 0
  XREAD BLOCK STREAMS $q 0
  XREAD BLOCK x STREAMS $q 0
  XREAD BLOCK -1 STREAMS $q 0
  XREAD BLOCK 1.5 STREAMS $q 0
  XREAD BLOCK 99999999999999999999 STREAMS $q 0
  XREAD BLOCK 0
  XREAD FOO STREAMS $q 0
  XREAD FOO 1 STREAMS $q 0
  XREAD NOACK STREAMS $q 0
  XREAD GROUP g c STREAMS $q 0
  XREAD GROUP g c STREAMS $q >
  XREAD COUNT x BLOCK x STREAMS $q x
  XREAD $q 0
  EXISTS $q
`;

/** Ids of the clock: another one each time. */
const CLOCK = String.raw`
  XADD $clock * a 1
  XADD $clock * a 2 b ""
  xadd $clock MAXLEN ~ 100 * a 3
  XADD $clock NOMKSTREAM * a 4
  XADD $clock MINID 5-5 * a 5
  XRANGE $clock - +
  XREVRANGE $clock + - COUNT 1
  XREAD COUNT 1 STREAMS $clock 0
  XLEN $clock
  XADD $clock 5-5 a b
  XADD $clock 99999999999999-5 a b
  XADD $clock * clock is-behind
  XADD $clock * clock is-behind
  XADD $clock 99999999999999-* a b
  XLEN $clock
`;

const LONG = `
  ${Array.from({ length: 120 }, (_, n) => `XADD $q ${n + 1}-${n % 3} number ${n}`).join(" | ")}
  XLEN $q
  XRANGE $q - + COUNT 3
  XREVRANGE $q + - COUNT 3
  XRANGE $q 50 60
  XREAD COUNT 2 STREAMS $q 99
  XREAD STREAMS $q 118
  XREAD STREAMS $q 120-2
  XTRIM $q MINID 100
  XRANGE $q - + COUNT 1
  XTRIM $q MAXLEN 7
  XRANGE $q - +
  XDEL $q 115-0 116-1 117-2 118-0 119-1
  XRANGE $q - +
  XINFO STREAM $q
`;

export const streamReadScripts = [
  script("XRANGE and XREVRANGE", RANGE),
  script("errors of XRANGE and XREVRANGE", RANGE_ERRORS),
  script("XREAD", READ),
  script("errors of XREAD", READ_ERRORS),
  script("ids of the clock", CLOCK),
  script("a stream of some length", LONG),
];
