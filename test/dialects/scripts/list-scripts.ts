// Scripts of the list commands that work on one queue and do not wait.
import { script } from "../script.ts";

const PUSH = String.raw`
  LPUSH $q a
  LPUSH $q b c
  RPUSH $q d
  rpush $q e f e
  LRANGE $q 0 -1
  LLEN $q
  LPUSH $q "" "\x00\xff\xfe" "a\r\nb" " " "\"\\"
  LRANGE $q 0 -1
  RPUSH $q <16000> <70000>
  LRANGE $q -2 -1
  LPUSH "{k}\x00\xff\r\n" x
  LRANGE "{k}\x00\xff\r\n" 0 -1
  RPUSH $n 1 2 3 -4 5.5 007 1e3
  LRANGE $n 0 -1
  LPUSH
  LPUSH $q
  RPUSH
  RPUSH $q
  Lpush $q
  SADD $s m
  LPUSH $s a
  RPUSH $s a b
  SMEMBERS $s
`;

const PUSH_IF_THERE = `
  LPUSHX $q a
  RPUSHX $q a b
  EXISTS $q
  LPUSH $q m
  LPUSHX $q b c
  RPUSHX $q d e
  LRANGE $q 0 -1
  RPOP $q 5
  LPUSHX $q z
  LPUSHX
  LPUSHX $q
  RPUSHX $q
  SADD $s m
  LPUSHX $s a
  RPUSHX $s a
`;

const POP = String.raw`
  LPOP $q
  RPOP $q
  LPOP $q 1
  RPOP $q 0
  LPOP $q 0
  RPUSH $q a b c d e f g h i j "\x00\xff" "" k
  LPOP $q
  RPOP $q
  RPOP $q
  RPOP $q
  LPOP $q 1
  RPOP $q 1
  LPOP $q 2
  RPOP $q 2
  LPOP $q 0
  RPOP $q 0
  LLEN $q
  LPOP $q 100
  LPOP $q 100
  LLEN $q
  EXISTS $q
  TYPE $q
  RPUSH $q a
  LPOP $q x
  LPOP $q 1.5
  LPOP $q -1
  RPOP $q -5
  RPOP $q ""
  RPOP $q " 1"
  RPOP $q 01
  RPOP $q +1
  RPOP $q -0
  RPOP $q 9223372036854775807
  RPUSH $q a b
  RPOP $q 9223372036854775808
  LPOP $q -9223372036854775808
  LPOP $q 1 2
  RPOP $q 1 2 3
  LPOP
  RPOP
  SADD $s m
  LPOP $s
  RPOP $s
  LPOP $s 1
  LPOP $s 0
  LPOP $s x
  RPOP $s -1
  RPOP $missing x
  RPOP $missing -1
`;

const LENGTH = `
  LLEN $q
  RPUSH $q a b c
  LLEN $q
  LLEN
  LLEN $q $q
  SADD $s a
  LLEN $s
`;

const RANGE = `
  LRANGE $q 0 -1
  RPUSH $q a b c d e f
  LRANGE $q 0 -1
  LRANGE $q 0 0
  LRANGE $q 1 3
  LRANGE $q -3 -2
  LRANGE $q -100 2
  LRANGE $q 4 100
  LRANGE $q 3 2
  LRANGE $q 6 10
  LRANGE $q 5 5
  LRANGE $q -1 0
  LRANGE $q -6 -6
  LRANGE $q -7 -7
  LRANGE $q -2 5
  LRANGE $q -9223372036854775808 9223372036854775807
  LRANGE $q -9223372036854775809 1
  LRANGE $q 0 9223372036854775808
  LRANGE $q x 1
  LRANGE $q 0 x
  LRANGE $q 0 1.0
  LRANGE $q "" 1
  LRANGE $q 0
  LRANGE $q
  LRANGE
  LRANGE $q 0 1 2
  LRANGE $missing x 1
  SADD $s a
  LRANGE $s 0 1
  LRANGE $s x 1
`;

const INDEX = `
  LINDEX $q 0
  RPUSH $q a b "" d
  LINDEX $q 0
  LINDEX $q 2
  LINDEX $q 3
  LINDEX $q 4
  LINDEX $q -1
  LINDEX $q -4
  LINDEX $q -5
  LINDEX $q 9223372036854775807
  LINDEX $q -9223372036854775808
  LINDEX $q 9223372036854775808
  LINDEX $q x
  LINDEX $q 0.0
  LINDEX $q -0
  LINDEX $q
  LINDEX
  LINDEX $q 0 1
  LINDEX $missing x
  SADD $s a
  LINDEX $s 0
  LINDEX $s x
`;

const TRIM = `
  LTRIM $q 0 1
  EXISTS $q
  RPUSH $q a b c d e f g h
  LTRIM $q 1 -2
  LRANGE $q 0 -1
  LTRIM $q -100 100
  LRANGE $q 0 -1
  LTRIM $q 0 3
  LRANGE $q 0 -1
  LTRIM $q -2 -1
  LRANGE $q 0 -1
  LTRIM $q 1 1
  LRANGE $q 0 -1
  LTRIM $q 1 0
  LRANGE $q 0 -1
  EXISTS $q
  RPUSH $q a b c
  LTRIM $q 5 10
  LLEN $q
  RPUSH $q a b c
  LTRIM $q x 1
  LTRIM $q 0 x
  LTRIM $q 0 9223372036854775808
  LTRIM $q 0
  LTRIM $q
  LTRIM $q 0 1 2
  LTRIM $missing x 1
  LRANGE $q 0 -1
  SADD $s a
  LTRIM $s 0 1
  LTRIM $s x 1
`;

const REMOVE = String.raw`
  LREM $q 0 a
  RPUSH $q a b a c a d a "" "\x00\xff" a
  LREM $q 1 a
  LRANGE $q 0 -1
  LREM $q -1 a
  LRANGE $q 0 -1
  LREM $q -2 a
  LRANGE $q 0 -1
  LREM $q 2 z
  LREM $q 0 ""
  LREM $q 0 "\x00\xff"
  LREM $q 0 A
  LRANGE $q 0 -1
  LREM $q 100 a
  LRANGE $q 0 -1
  RPUSH $q b b b b
  LREM $q -9223372036854775808 x
  LREM $q 9223372036854775807 b
  LRANGE $q 0 -1
  LREM $q 0 c
  LREM $q 0 d
  LREM $q 0 b
  EXISTS $q
  RPUSH $n 1 01 1.0 1
  LREM $n 0 1
  LRANGE $n 0 -1
  LREM $q x a
  LREM $q 1.5 a
  LREM $q 9223372036854775808 a
  LREM $q 1
  LREM $q
  LREM $q 1 a b
  LREM $missing x a
  SADD $s a
  LREM $s 0 a
  LREM $s x a
`;

const POSITION = String.raw`
  LPOS $q a
  LPOS $q a COUNT 0
  LPOS $q a RANK 0
  RPUSH $q a b c a b c a "" "\x00"
  LPOS $q a
  LPOS $q c
  LPOS $q z
  LPOS $q ""
  LPOS $q "\x00"
  LPOS $q a RANK 2
  LPOS $q a RANK 3
  LPOS $q a RANK 4
  LPOS $q a RANK -1
  LPOS $q a RANK -3
  LPOS $q a RANK -4
  LPOS $q a COUNT 0
  LPOS $q a COUNT 2
  LPOS $q a COUNT 100
  LPOS $q z COUNT 0
  LPOS $q a RANK -1 COUNT 2
  LPOS $q a RANK 2 COUNT 0
  LPOS $q a COUNT 1 RANK -2
  LPOS $q c MAXLEN 2
  LPOS $q c MAXLEN 3
  LPOS $q c MAXLEN 0
  LPOS $q a COUNT 0 MAXLEN 4
  LPOS $q a COUNT 0 MAXLEN 3 RANK -1
  LPOS $q a rank 1 count 1 maxlen 1
  LPOS $q a RANK 9223372036854775807
  LPOS $q a RANK -9223372036854775807
  LPOS $q a COUNT 1 COUNT 2
  LPOS $q a RANK 0
  LPOS $q a RANK x
  LPOS $q a COUNT -1
  LPOS $q a COUNT x
  LPOS $q a MAXLEN -1
  LPOS $q a MAXLEN x
  LPOS $q a RANK 9223372036854775808
  LPOS $q a COUNT 9223372036854775808
  LPOS $q a RANK
  LPOS $q a RANK 1 COUNT
  LPOS $q a FOO 1
  LPOS $q a b
  LPOS $q
  LPOS
  LPOS $missing a FOO
  SADD $s a
  LPOS $s a
  LPOS $s a RANK 0
`;

const SET = String.raw`
  LSET $q 0 a
  LSET $q x a
  RPUSH $q a b c
  LSET $q 0 A
  LSET $q -1 C
  LSET $q 1 "\x00\xff"
  LRANGE $q 0 -1
  LSET $q 1 ""
  LSET $q -3 <9000>
  LRANGE $q 0 -1
  LSET $q 3 x
  LSET $q -4 x
  LSET $q 9223372036854775807 x
  LSET $q x y
  LSET $q 1.5 y
  LSET $q 9223372036854775808 x
  LSET $q 0
  LSET $q
  LSET $q 0 a b
  LRANGE $q 1 -1
  SADD $s a
  LSET $s 0 a
  LSET $s x a
`;

const INSERT = String.raw`
  LINSERT $q BEFORE a b
  EXISTS $q
  RPUSH $q a b c b
  LINSERT $q BEFORE a 1
  LINSERT $q AFTER b 2
  LINSERT $q before b 3
  LINSERT $q aFtEr c "\x00"
  LINSERT $q AFTER z 4
  LINSERT $q BEFORE "" 4
  LRANGE $q 0 -1
  RPOP $q
  LINSERT $q AFTER "\x00" ""
  LINSERT $q BEFORE "" last
  LRANGE $q 0 -1
  RPOP $q 3
  LPOP $q
  LINSERT $q BETWEEN a b
  LINSERT $q "" a b
  LINSERT $q BEFORE a
  LINSERT $q BEFORE
  LINSERT $q
  LINSERT
  LINSERT $q BEFORE a b c
  LINSERT $missing BETWEEN a b
  LRANGE $q 0 -1
  SADD $s a
  LINSERT $s BEFORE a b
  LINSERT $s BETWEEN a b
`;

/** The id that a store makes is never that of an event that is still there. */
const TURNOVER = `
  RPUSH $q 1 2 3 4 5 6 7 8 9 10
  LTRIM $q 2 6
  LPUSH $q x y
  LREM $q 0 5
  RPUSH $q 11 12
  LSET $q 3 changed
  LINSERT $q AFTER changed inserted
  LRANGE $q 0 -1
  RPOP $q 3
  LPUSH $q z
  LPOS $q inserted
  LPOP $q 4
  LRANGE $q 0 -1
  LLEN $q
  DEL $q
  RPUSH $q new
  LRANGE $q 0 -1
  LPOP $q
  RPUSH $q a a a
  LREM $q 2 a
  LRANGE $q 0 -1
`;

export const listScripts = [
  script("LPUSH and RPUSH", PUSH),
  script("LPUSHX and RPUSHX", PUSH_IF_THERE),
  script("LPOP and RPOP", POP),
  script("LLEN", LENGTH),
  script("LRANGE", RANGE),
  script("LINDEX", INDEX),
  script("LTRIM", TRIM),
  script("LREM", REMOVE),
  script("LPOS", POSITION),
  script("LSET", SET),
  script("LINSERT", INSERT),
  script("changes of a list one after the other", TURNOVER),
];
