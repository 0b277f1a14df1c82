// Scripts of the list commands that wait.
import { script } from "../script.ts";

const POP_AT_ONCE = String.raw`
  RPUSH $q a b c d e "\x00\xff" ""
  RPUSH $p 1 2 3
  BLPOP $q 0
  BRPOP $q 0
  BRPOP $q 0
  BLPOP $missing $p $q 0
  BRPOP $p $q 1.5
  BRPOP $q $p 0
  BLPOP $q 1e2
  BLPOP $q " 1"
  BLPOP $q "1 "
  BLPOP $q -1
  BLPOP $q -0.5
  BRPOP $q x
  BRPOP $q ""
  BRPOP $q inf
  BRPOP $q nan
  BRPOP $q 99999999999999999999
  BRPOP $q 9223372036854775807
  BRPOP $q 9223372036854775
  BLPOP $missing x
  BLPOP $q
  BLPOP
  BRPOP $q
  BRPOP 0
  SADD $s m
  BLPOP $s 0
  BRPOP $s $q 0
  BLPOP $missing $s 0
  RPUSH $q a
  BLPOP $q $s 0
  BLPOP $q $s 0
  BLPOP $s x
  LRANGE $q 0 -1
  RPUSH $q a
  BLPOP $q 0x10
`;

const TIMEOUTS = `
  a~ BLPOP $q 0.05
  a~ BRPOP $q $p 0.001
  a~ BLMOVE $q $p LEFT LEFT 0.01
  a~ BRPOPLPUSH $q $p 0.01
  a~ BLMPOP 0.01 1 $q LEFT
  a~ BLMPOP 0.01 2 $q $p RIGHT COUNT 2
  LLEN $q
`;

const WAIT = `
  b: BLPOP $q 0
  RPUSH $q x
  b: BRPOP $q $p 0
  LPUSH $p y
  b: BLPOP $q $p 0
  RPUSH $p 1 2 3
  LRANGE $p 0 -1
  b: BRPOP $q 0
  RPUSH $q 1 2 3
  LRANGE $q 0 -1
  DEL $q
  b: BLPOP $q 0
  LPUSH $q 1 2 3
  LRANGE $q 0 -1
  DEL $q
  b: BRPOP $q 20
  LPUSH $q 1 2 3
  LRANGE $q 0 -1
`;

const FAIR = `
  b: BLPOP $q 0
  c: BRPOP $p $q 0
  d: BLPOP $q 0
  RPUSH $q 1
  RPUSH $q 2
  RPUSH $q 3
  b: BLPOP $q 0
  c: BRPOP $q 0
  d: BLPOP $q 0
  RPUSH $q 1 2 3 4
  LRANGE $q 0 -1
  b: BLPOP $p 0
  c: BLPOP $r $p 0
  RPUSH $r 1
  RPUSH $p 2
`;

const WAIT_BEHIND_TRANSACTION = `
  b: BLPOP $q $p 0
  MULTI
  RPUSH $p 1
  LPUSH $p 2 3
  EXEC
  LRANGE $q 0 -1
  LRANGE $p 0 -1
  DEL $q $p
  b: BRPOP $q 0
  MULTI
  RPUSH $q 1
  LPOP $q
  EXEC
  RPUSH $q 2
  b: BLPOP $q 0
  c: BRPOP $p 0
  d: BLPOP $q 0
  MULTI
  RPUSH $q 1 2
  RPUSH $p 3
  LPUSH $q 4
  EXEC
  LRANGE $q 0 -1
`;

/** Of several queues that a transaction pushed to, Redis takes the one that it pushed to first. */
const ORDER_OF_KEYS = `
  b: BLPOP $later $earlier 0
  MULTI
  RPUSH $earlier 1
  RPUSH $later 2
  EXEC
`;

const WAIT_WITH_COMMANDS_BEHIND = `
  b: BLPOP $q 0 | LLEN $q | PING behind
  RPUSH $q 1 2
  b: BRPOP $q 0 | BRPOP $q 0 | BRPOP $q 0
  RPUSH $q 3
  RPUSH $q 4
`;

const MOVE = String.raw`
  RPUSH $q a b c d "\x00"
  BLMOVE $q $p LEFT RIGHT 0
  BLMOVE $q $p RIGHT LEFT 1
  BRPOPLPUSH $q $p 0
  BRPOPLPUSH $q $q 0.5
  LRANGE $q 0 -1
  LRANGE $p 0 -1
  BLMOVE $q $p LEFT RIGHT -1
  BLMOVE $q $p LEFT RIGHT x
  BLMOVE $q $p UP RIGHT 0
  BLMOVE $q $p LEFT DOWN 0
  BLMOVE $q $p UP DOWN x
  BLMOVE $q $p LEFT RIGHT
  BLMOVE $q $p LEFT
  BLMOVE
  BLMOVE $q $p LEFT RIGHT 0 0
  BRPOPLPUSH $q $p x
  BRPOPLPUSH $q $p -1
  BRPOPLPUSH $q $p
  BRPOPLPUSH $q
  BRPOPLPUSH $q $p 0 0
  SADD $s m
  BLMOVE $s $q LEFT LEFT 0
  BLMOVE $q $s LEFT LEFT 0
  BRPOPLPUSH $s $q 0
  BRPOPLPUSH $q $s 0
  LRANGE $q 0 -1
  LRANGE $p 0 -1
`;

const MOVE_LATER = `
  b: BLMOVE $q $p RIGHT LEFT 0
  RPUSH $q 1 2
  LRANGE $q 0 -1
  LRANGE $p 0 -1
  DEL $q $p
  b: BRPOPLPUSH $q $p 0
  c: BLPOP $p 0
  RPUSH $q x
  EXISTS $q $p
  b: BLMOVE $q $q LEFT RIGHT 0
  RPUSH $q y
  LRANGE $q 0 -1
  DEL $q
  b: BLMOVE $q $p LEFT LEFT 0
  c: BLMOVE $p $r RIGHT RIGHT 0
  RPUSH $q chain
  LRANGE $r 0 -1
  EXISTS $q $p
`;

const POP_OF_SEVERAL = `
  RPUSH $q a b c d e
  RPUSH $p 1 2
  BLMPOP 0 1 $q LEFT
  BLMPOP 0.5 2 $missing $q RIGHT COUNT 2
  blmpop 0 2 $p $q left count 10
  BLMPOP x 1 $q LEFT
  BLMPOP -1 1 $q LEFT
  BLMPOP 0 0 $q LEFT
  BLMPOP 0 -1 $q LEFT
  BLMPOP 0 x $q LEFT
  BLMPOP 0 2 $q LEFT
  BLMPOP 0 1 $q UP
  BLMPOP 0 1 $q LEFT COUNT 0
  BLMPOP 0 1 $q LEFT COUNT x
  BLMPOP 0 1 $q LEFT COUNT
  BLMPOP 0 1 $q LEFT COUNT 1 COUNT 1
  BLMPOP 0 1 $q LEFT FOO
  BLMPOP x x $q UP
  BLMPOP -1 0 $q UP
  BLMPOP 0 1 $q
  BLMPOP 0 1
  BLMPOP 0
  BLMPOP
  SADD $s m
  BLMPOP 0 1 $s LEFT
  BLMPOP 0 2 $s $q LEFT
  BLMPOP 0 2 $q $s LEFT
`;

const POP_OF_SEVERAL_LATER = `
  b: BLMPOP 0 2 $q $p LEFT
  RPUSH $p 1 2 3
  LRANGE $p 0 -1
  DEL $p
  b: BLMPOP 0 2 $q $p RIGHT COUNT 2
  RPUSH $p 1 2 3
  LRANGE $p 0 -1
  DEL $p
  b: BLMPOP 5 1 $q LEFT COUNT 5
  c: BLMPOP 5 1 $q LEFT COUNT 1
  RPUSH $q 1 2 3
  RPUSH $q 4
`;

/** A set takes the name of the queue that a client waits for: it goes on waiting. */
const WAIT_FOR_SET = `
  b: BLPOP $q 0
  SADD $q m
  RPUSH $q x
  DEL $q
  RPUSH $q y
  b: BLMOVE $q $p LEFT LEFT 0
  SADD $q m
  c: BRPOP $r $q 0
  c: BRPOP $q $r 0
  RPUSH $q x
  DEL $q
  RPUSH $q z
  DEL $p
  b: BLMOVE $q $p LEFT LEFT 0
  SADD $p m
  RPUSH $q z
  LRANGE $q 0 -1
`;

const WAIT_AGAIN = `
  b~ BLPOP $q 0.1
  b: BRPOP $q 0
  c: RPUSH $p 1
  c: RPUSH $q 2
  b: BLPOP $q 0
  DEL $p
  LPUSH $q 3
`;

const UNBLOCK = `
  CLIENT UNBLOCK #a
  b: BLPOP $q 0
  CLIENT UNBLOCK #b
  b: BRPOP $q $p 0
  CLIENT UNBLOCK #b TIMEOUT
  b: BLMOVE $q $p LEFT LEFT 0
  CLIENT UNBLOCK #b ERROR
  b: BLMOVE $q $p LEFT LEFT 0
  CLIENT UNBLOCK #b
  b: BRPOPLPUSH $q $p 0
  CLIENT UNBLOCK #b
  b: BLMPOP 0 1 $q LEFT
  CLIENT UNBLOCK #b
  CLIENT UNBLOCK #b
  RPUSH $q x
  LRANGE $q 0 -1
`;

const GONE = `
  b: BLPOP $q 0
  c: BRPOP $q 0
  b!
  RPUSH $q x
  b: BLMOVE $q $p LEFT LEFT 0
  b!
  b: BLMPOP 0 2 $q $p LEFT
  b!
  RPUSH $q y
  LRANGE $q 0 -1
  EXISTS $p
  b: BRPOP $r $q 0
`;

export const blockingScripts = [
  script("BLPOP and BRPOP that need not wait", POP_AT_ONCE),
  script("waits that end without an event", TIMEOUTS),
  script("BLPOP and BRPOP that wait", WAIT),
  script("several clients that wait", FAIR),
  script("waits that a transaction ends", WAIT_BEHIND_TRANSACTION),
  script("the order of keys behind a transaction", ORDER_OF_KEYS),
  script("commands behind a command that waits", WAIT_WITH_COMMANDS_BEHIND),
  script("BLMOVE and BRPOPLPUSH that need not wait", MOVE),
  script("BLMOVE and BRPOPLPUSH that wait", MOVE_LATER),
  script("BLMPOP that need not wait", POP_OF_SEVERAL),
  script("BLMPOP that waits", POP_OF_SEVERAL_LATER),
  script("a wait for a name that becomes a set", WAIT_FOR_SET),
  script("a wait after a wait that ended", WAIT_AGAIN),
  script("CLIENT UNBLOCK", UNBLOCK),
  script("clients that are gone", GONE),
];
