// Scripts of what adds entries to streams and removes them.
import { script } from "../script.ts";

const ADD = String.raw`
  XADD $q 1-1 name value
  XADD $q 1-2 a 1 b 2 a 3
  XADD $q 2 ms only
  xadd $q 2-* next seq
  XADD $q 2-* next seq
  XADD $q 7-* first of-ms
  XADD $q 7-1000 "" ""
  XADD $q 8-0 "\x00\xff" "\r\n" " " "\"\\"
  XADD $q 9-0 <300> <16000>
  XADD $q 10-0 long <70000>
  XADD $q 11-0 *2 $4
  XADD $q 18446744073709551614-18446744073709551615 large id
  XADD $q 18446744073709551615-* last ms
  XLEN $q
  XRANGE $q - +
  XADD "{k}\x00\xff\r\n" 1-1 a b
  XRANGE "{k}\x00\xff\r\n" - +
  XADD $z 0-1 smallest id
  XADD $z 0-* a b
  XADD $y 0-* a b
  XADD $z 1 a b
  XRANGE $z - +
  XRANGE $y - +
`;

const ADD_ERRORS = String.raw`
  XADD
  XADD $q
  XADD $q 1-1
  XADD $q 1-1 a
  XADD $q 1-1 a b c
  XADD $q * a
  XADD $q 0-0 a b
  XADD $q 0 a b
  XADD $q x a b
  XADD $q 1-x a b
  XADD $q x-1 a b
  XADD $q -1-1 a b
  XADD $q 1--1 a b
  XADD $q 1-1-1 a b
  XADD $q 1- a b
  XADD $q -1 a b
  XADD $q "" a b
  XADD $q 1.5 a b
  XADD $q 1-1* a b
  XADD $q *-1 a b
  XADD $q ** a b
  XADD $q - a b
  XADD $q + a b
  XADD $q $ a b
  XADD $q (1-1 a b
  XADD $q > a b
  XADD $q 18446744073709551616-0 a b
  XADD $q 1-18446744073709551616 a b
  XADD $q 99999999999999999999999-0 a b
  EXISTS $q
  XADD $q 05-01 leading zeros
  XADD $q 5-1 a b
  XADD $q 5-0 a b
  XADD $q 4-9 a b
  XADD $q 4-* a b
  XADD $q 0-0 a b
  XADD $q 5 a b
  XADD $q 5-2 a
  XADD $q 5-3 a b c
  XADD $q 5-1 a
  XRANGE $q - +
  XADD $p 5-18446744073709551615 a b
  XADD $p 6-1 a b
  XADD $r 18446744073709551615-18446744073709551615 a b
  XADD $r 18446744073709551615-18446744073709551615 a b
  XADD $r 18446744073709551615-* a b
  XADD $r 1-1 a b
  XADD $r 1-* a b
  XADD $r 0-0 a b
  XADD $r * a b
  XLEN $r
  XADD $q FOO 6-1 a b
  XADD $q nomkstream
  XADD $q NOMKSTREAM 6-1
  XADD $q NOMKSTREAM 6-1 a
  XADD $q NOMKSTREAM NOMKSTREAM 6-1 a b
  XADD $q MAXLEN 6-1 a b
  XADD $q MAXLEN x 6-1 a b
  XADD $q MAXLEN -1 6-1 a b
  XADD $q MAXLEN 1.5 6-1 a b
  XADD $q MAXLEN ~ x 6-1 a b
  XADD $q MAXLEN = -5 6-1 a b
  XADD $q MAXLEN ~ 6-1 a b
  XADD $q MAXLEN < 5 6-1 a b
  XADD $q MINID x 6-1 a b
  XADD $q MINID -1 6-1 a b
  XADD $q MINID ( 6-1 a b
  XADD $q MINID (1-1 6-1 a b
  XADD $q MINID - 6-1 a b
  XADD $q MINID + 6-1 a b
  XADD $q MINID = x-1 6-1 a b
  XADD $q MAXLEN 5 MINID 1 6-1 a b
  XADD $q MINID 1 MAXLEN 5 6-1 a b
  XADD $q MAXLEN 5 LIMIT 10 6-1 a b
  XADD $q MAXLEN = 5 LIMIT 10 6-1 a b
  XADD $q MAXLEN ~ 5 LIMIT x 6-1 a b
  XADD $q MAXLEN ~ 5 LIMIT -1 6-1 a b
  XADD $q LIMIT 10 6-1 a b
  XADD $q MAXLEN ~ 5 LIMIT 10 LIMIT x 6-1 a b
  XADD $q MAXLEN ~ 5 FOO 10 6-1 a b
  XADD $q MAXLEN 5 6-1 a
  XADD $q MAXLEN ~ 5 LIMIT 10 1-1 a b
  XADD $q MAXLEN 0 1-1 a b
  XRANGE $q - +
`;

const NO_MAKING = `
  XADD $q NOMKSTREAM 1-1 a b
  XADD $q nomkstream * a b
  XADD $q NOMKSTREAM x a b
  XADD $q NOMKSTREAM 0-0 a b
  XADD $q NOMKSTREAM MAXLEN 5 1-1 a b
  XADD $q NOMKSTREAM MAXLEN -5 1-1 a b
  EXISTS $q
  TYPE $q
  XADD $q 1-1 a b
  XADD $q NOMKSTREAM 1-2 a b
  XADD $q NOMKSTREAM 1-2 a b
  XADD $q MAXLEN 2 NOMKSTREAM 1-3 a b
  XDEL $q 1-1 1-2 1-3
  XADD $q NOMKSTREAM 1-4 a b
  XRANGE $q - +
`;

const ADD_AND_TRIM = `
  XADD $q 1-1 n 1
  XADD $q 2-1 n 2
  XADD $q 3-1 n 3
  XADD $q MAXLEN 3 4-1 n 4
  XRANGE $q - +
  XADD $q MAXLEN = 2 5-1 n 5
  XRANGE $q - +
  XADD $q maxlen ~ 1 6-1 n 6
  XADD $q MAXLEN ~ 1000 LIMIT 10 7-1 n 7
  XADD $q MAXLEN ~ 1 LIMIT 0 8-1 n 8
  XRANGE $q - +
  XADD $q MINID 6 9-1 n 9
  XRANGE $q - +
  XADD $q MINID = 7-2 10-1 n 10
  XADD $q minid ~ 7 11-1 n 11
  XADD $q MINID ~ 5 LIMIT 5 12-1 n 12
  XRANGE $q - +
  XADD $q MAXLEN 3 MAXLEN 4 13-1 n 13
  XLEN $q
  XADD $q MAXLEN 0 14-1 n 14
  XLEN $q
  XADD $q 14-1 a b
  XADD $q 15-1 a b
  XADD $q MINID 100 16-1 a b
  XLEN $q
  EXISTS $q
  XRANGE $q - +
  XADD $q 16-1 a b
  XADD $q MAXLEN +2 17-1 a b
  XADD $q MAXLEN 02 17-1 a b
  XADD $p MAXLEN 0 1-1 a b
  EXISTS $p
  XADD $p 1-1 a b
`;

const TRIM = `
  XTRIM $q MAXLEN 5
  XADD $q 1-1 n 1
  XADD $q 1-2 n 2
  XADD $q 2-1 n 3
  XADD $q 3-1 n 4
  XADD $q 4-0 n 5
  XADD $q 5-0 n 6
  XTRIM $q MAXLEN 10
  XTRIM $q MAXLEN 5
  XRANGE $q - +
  xtrim $q maxlen = 4
  XTRIM $q MAXLEN ~ 1
  XTRIM $q MAXLEN ~ 1 LIMIT 10
  XTRIM $q MAXLEN ~ 100 LIMIT 0
  XRANGE $q - +
  XTRIM $q MINID 2
  XTRIM $q MINID 3
  XTRIM $q MINID = 3-2
  XTRIM $q MINID ~ 4
  XTRIM $q MINID ~ 4 LIMIT 1
  XRANGE $q - +
  XTRIM $q MINID 5-0
  XTRIM $q MAXLEN 0
  XTRIM $q MAXLEN 0
  XLEN $q
  EXISTS $q
  TYPE $q
  XADD $q 5-0 a b
  XADD $q 6-0 a b
  XTRIM $q MINID 0
  XTRIM $q MINID 18446744073709551615-18446744073709551615
  XLEN $q
`;

const TRIM_ERRORS = `
  XTRIM
  XTRIM $q
  XTRIM $q MAXLEN
  XTRIM $q MAXLEN x
  XTRIM $q MAXLEN -1
  XTRIM $q MAXLEN 1.5
  XTRIM $q MAXLEN =
  XTRIM $q MAXLEN ~
  XTRIM $q MAXLEN ~ x
  XTRIM $q MAXLEN = -2
  XTRIM $q MAXLEN < 2
  XTRIM $q MAXLEN 2 3
  XTRIM $q MAXLEN 2 FOO
  XTRIM $q MAXLEN 2 LIMIT
  XTRIM $q MAXLEN 2 LIMIT 1
  XTRIM $q MAXLEN = 2 LIMIT 1
  XTRIM $q MAXLEN ~ 2 LIMIT
  XTRIM $q MAXLEN ~ 2 LIMIT x
  XTRIM $q MAXLEN ~ 2 LIMIT -1
  XTRIM $q MAXLEN 2 MINID 1
  XTRIM $q MINID 1 MAXLEN 2
  XTRIM $q MAXLEN 2 MAXLEN 1
  XTRIM $q MINID
  XTRIM $q MINID x
  XTRIM $q MINID -
  XTRIM $q MINID +
  XTRIM $q MINID (1
  XTRIM $q MINID 1-x
  XTRIM $q FOO 1
  XTRIM $q LIMIT 1
  XTRIM $q LIMIT 1 LIMIT 2
  XTRIM $q NOMKSTREAM MAXLEN 1
  XTRIM $q 1 2
  EXISTS $q
`;

const REMOVE = String.raw`
  XDEL $q 1-1
  XADD $q 1-1 a 1
  XADD $q 1-2 a 2
  XADD $q 2-0 a 3
  XADD $q 3-0 a 4
  XADD $q 4-0 a 5
  XDEL $q 1-2
  XDEL $q 1-2
  XDEL $q 2
  XDEL $q 1-1 9-9 3-0 1-1
  XRANGE $q - +
  XLEN $q
  XDEL $q 4-0
  XLEN $q
  EXISTS $q
  TYPE $q
  XRANGE $q - +
  XADD $q 4-0 a b
  XADD $q 4-1 a b
  XADD $q 0-5 a b
  xdel $q 4-1 4-1
  DEL $q
  XADD $q 0-5 a b
  XDEL
  XDEL $q
  XLEN
  XLEN $q $q
  XLEN $missing
  XLEN $q
`;

export const streamScripts = [
  script("XADD", ADD),
  script("errors of XADD", ADD_ERRORS),
  script("XADD with NOMKSTREAM", NO_MAKING),
  script("XADD that trims", ADD_AND_TRIM),
  script("XTRIM", TRIM),
  script("errors of XTRIM", TRIM_ERRORS),
  script("XDEL and XLEN", REMOVE),
];
