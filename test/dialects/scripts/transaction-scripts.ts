// Scripts of list commands, key commands and set commands in transactions.
import { script } from "../script.ts";

const LISTS = `
  MULTI
  RPUSH $q a b c
  LPUSH $q z
  LLEN $q
  LRANGE $q 0 -1
  LINDEX $q 1
  LPOP $q
  RPOP $q 2
  LSET $q 0 A
  LINSERT $q BEFORE A first
  LPOS $q A
  LREM $q 1 first
  LMOVE $q $p LEFT RIGHT
  RPOPLPUSH $p $q
  LMPOP 2 $p $q LEFT COUNT 5
  LTRIM $q 0 0
  LPUSHX $q x
  RPUSHX $p x
  LPOP $missing
  LPOP $missing 2
  EXEC
  LRANGE $q 0 -1
`;

const WAITS = `
  MULTI
  BLPOP $q 0
  BRPOP $q $p 10
  BLMOVE $q $p LEFT LEFT 0
  BRPOPLPUSH $q $p 0
  BLMPOP 0 1 $q LEFT
  RPUSH $q a b c d e
  BLPOP $q 0
  BRPOP $p $q 10
  BLMOVE $q $p LEFT LEFT 0
  BRPOPLPUSH $q $p 0
  BLMPOP 0 2 $q $p LEFT COUNT 9
  EXEC
`;

/** An error at the execution of a command stops no other. */
const ERRORS_LATER = `
  SADD $s m
  MULTI
  RPUSH $q a
  LPUSH $s a
  LLEN $s
  LPOP $s 2
  LSET $q 7 x
  LSET $missing 0 x
  LRANGE $s 0 1
  LPOS $s a COUNT 0
  LINSERT $s BEFORE a b
  LMOVE $q $s LEFT LEFT
  LMOVE $missing $s LEFT LEFT
  LMPOP 2 $s $q LEFT
  BLPOP $missing $s 0
  BLMOVE $s $q LEFT LEFT 0
  SADD $q m
  RPUSH $q b
  EXEC
  LRANGE $q 0 -1
`;

/** Redis notices them when it executes the command. */
const ERRORS_OF_ARGUMENTS = `
  MULTI
  LRANGE $q x y
  LPOP $q -1
  LPOS $q a RANK 0
  LINSERT $q BETWEEN a b
  LMPOP 0 $q LEFT
  BLPOP $q x
  EXEC
`;

const ERRORS_AT_ONCE = `
  MULTI
  RPUSH $q a
  LPUSH $q
  RPUSH $q b
  EXEC
  EXISTS $q
  MULTI
  BLPOP $q
  DISCARD
  MULTI
  RPUSH $q a
  DISCARD
  EXISTS $q
`;

const KEYS = `
  SADD $s a
  MULTI
  RPUSH $q a
  EXISTS $q $s
  TYPE $q
  TYPE $s
  SADD $s b
  SCARD $s
  SISMEMBER $s b
  SMISMEMBER $s a z
  SREM $s a
  SMEMBERS $s
  DEL $q $s
  EXISTS $q $s
  TYPE $s
  RPUSH $s x
  EXEC
  LRANGE $s 0 -1
`;

export const transactionScripts = [
  script("lists in a transaction", LISTS),
  script("commands that wait, in a transaction", WAITS),
  script("errors when a transaction is executed", ERRORS_LATER),
  script("errors of arguments in a transaction", ERRORS_OF_ARGUMENTS),
  script("errors when a transaction is queued", ERRORS_AT_ONCE),
  script("keys and sets in a transaction", KEYS),
];
