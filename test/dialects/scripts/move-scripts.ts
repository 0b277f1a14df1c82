// Scripts of the list commands that work on several queues and do not wait.
import { script } from "../script.ts";

const MOVE = String.raw`
  LMOVE $q $p LEFT RIGHT
  RPUSH $q a b c d "\x00\xff"
  LMOVE $q $p LEFT LEFT
  LMOVE $q $p LEFT RIGHT
  LMOVE $q $p RIGHT LEFT
  lmove $q $p right right
  LRANGE $q 0 -1
  LRANGE $p 0 -1
  LMOVE $p $p LEFT RIGHT
  LRANGE $p 0 -1
  LMOVE $p $p RIGHT LEFT
  LMOVE $p $p LEFT LEFT
  LMOVE $p $p RIGHT RIGHT
  LRANGE $p 0 -1
  LMOVE $q $p LEFT LEFT
  EXISTS $q
  LMOVE $q $p LEFT LEFT
  LMOVE $q $q LEFT RIGHT
  LMOVE $p $q UP LEFT
  LMOVE $p $q LEFT UP
  LMOVE $p $q LEFT
  LMOVE $p $q
  LMOVE $p
  LMOVE
  LMOVE $p $q LEFT LEFT LEFT
  LMOVE $missing $q UP LEFT
  SADD $s m
  LMOVE $s $q LEFT LEFT
  LMOVE $p $s LEFT LEFT
  LMOVE $s $s LEFT LEFT
  LMOVE $missing $s LEFT LEFT
  LMOVE $s $missing LEFT LEFT
  LMOVE $s $q UP LEFT
  LRANGE $p 0 -1
`;

const POP_AND_PUSH = String.raw`
  RPOPLPUSH $q $p
  RPUSH $q a b "" "\r\n"
  RPOPLPUSH $q $p
  RPOPLPUSH $q $p
  RPOPLPUSH $q $q
  LRANGE $q 0 -1
  LRANGE $p 0 -1
  RPOPLPUSH $q
  RPOPLPUSH
  RPOPLPUSH $q $p $q
  SADD $s m
  RPOPLPUSH $s $q
  RPOPLPUSH $q $s
  RPOPLPUSH $missing $s
  LRANGE $q 0 -1
`;

const POP_OF_SEVERAL = String.raw`
  LMPOP 1 $q LEFT
  LMPOP 2 $q $p RIGHT COUNT 3
  RPUSH $q a b c d e f
  RPUSH $p 1 2 3
  LMPOP 1 $q LEFT
  LMPOP 1 $q RIGHT
  LMPOP 2 $q $p LEFT COUNT 2
  LMPOP 2 $p $q RIGHT COUNT 2
  lmpop 3 $missing $p $q left count 10
  LMPOP 2 $p $q RIGHT COUNT 10
  LMPOP 2 $p $q RIGHT COUNT 10
  RPUSH $q a b
  LMPOP 2 $q $q RIGHT COUNT 1
  LMPOP 0 $q LEFT
  LMPOP -1 $q LEFT
  LMPOP x $q LEFT
  LMPOP 1.5 $q LEFT
  LMPOP 9223372036854775808 $q LEFT
  LMPOP 4 $q LEFT
  LMPOP 2 $q LEFT
  LMPOP 1 $q
  LMPOP 1
  LMPOP
  LMPOP 1 $q UP
  LMPOP 1 $q $p LEFT
  LMPOP 1 $q LEFT COUNT
  LMPOP 1 $q LEFT COUNT 0
  LMPOP 1 $q LEFT COUNT -1
  LMPOP 1 $q LEFT COUNT x
  LMPOP 1 $q LEFT COUNT 1 COUNT 1
  LMPOP 1 $q LEFT FOO 1
  LMPOP 1 $q LEFT COUNT 1 FOO
  LMPOP 1 $missing UP
  LMPOP 1 $missing LEFT COUNT 0
  SADD $s m
  LMPOP 1 $s LEFT
  LMPOP 2 $s $q LEFT
  LMPOP 2 $missing $s LEFT
  LMPOP 1 $s UP
  LMPOP 2 $q $s LEFT
  LMPOP 2 $q $s LEFT
`;

/** These queues are in different shards of a cluster. */
const APART = `
  RPUSH one a b c
  RPUSH two d
  RPUSH three e f
  LMPOP 3 nosuch two three RIGHT COUNT 5
  LMPOP 3 nosuch two three RIGHT COUNT 5
  BLPOP nosuch one three 0
  BRPOP nosuch two one 0
  BLMPOP 0 2 two one LEFT COUNT 3
  EXISTS one two three one three
  RPUSH two x
  DEL one two three nosuch
  LLEN three
`;

export const moveScripts = [
  script("LMOVE", MOVE),
  script("RPOPLPUSH", POP_AND_PUSH),
  script("LMPOP", POP_OF_SEVERAL),
  script("queues in different shards", APART),
];
