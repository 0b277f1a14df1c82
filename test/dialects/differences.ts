// Where okq answers otherwise than Redis on purpose, and why. A test fails if one is not needed,
// other than for an order or a time, which may be the same by chance.

import { streamDifferences } from "./stream-differences.ts";

interface Otherwise {
  /** Of the replies of Redis and of okq. */
  redis: RegExp;
  okq: RegExp;
  isOrderOnly?: never;
  part?: never;
}

/** The same elements in another order: Redis promises none. */
interface OrderOnly {
  isOrderOnly: true;
  redis?: never;
  okq?: never;
  part?: never;
}

/** The same but for what matches. */
interface PartOnly {
  part: RegExp;
  isTime?: boolean;
  isOrderOnly?: never;
  redis?: never;
  okq?: never;
}

export type Difference = {
  reason: string;
  /** Of the commands. */
  command: RegExp;
} & (Otherwise | OrderOnly | PartOnly);

export const differences: Difference[] = [
  ...streamDifferences,
  {
    reason: "wrong arguments in a transaction are errors when the command is queued",
    command:
      /^(LRANGE {k}q x|LPOP {k}q -1|LPOS {k}q a RANK 0|LINSERT {k}q BETW|LMPOP 0|BLPOP {k}q x)/,
    redis: /^\+QUEUED\r\n$/,
    okq: /^-ERR (value|RANK|syntax|numkeys|timeout) /,
  },
  {
    reason: "and so the transaction is aborted",
    command: /^EXEC$/,
    redis: /^(\*6\r\n)(-ERR .*\r\n){6}$/,
    okq: /^-EXECABORT Transaction discarded because of previous errors\.\r\n$/,
  },
  { reason: "keys have no order", command: /^(KEYS|SCAN) /i, isOrderOnly: true },
  { reason: "members of a set have no order", command: /^SMEMBERS /i, isOrderOnly: true },
  {
    reason: "numbers are decimal",
    command: /^BLPOP {k}q 0x10$/,
    redis: /^\*2/,
    okq: /^-ERR timeout is not a float or out of range\r\n$/,
  },
  {
    reason: "a timeout that is too long is not called negative",
    command: /^BRPOP {k}q (inf|9{20}|9223372036854775807)$/,
    redis: /^-ERR timeout is negative\r\n$/,
    okq: /^-ERR timeout is (not a float or )?out of range\r\n$/,
  },
  {
    reason: "the error names the subcommands",
    command: /^(MEMORY|X(GROUP|INFO)( FOO.*)?)$/,
    redis: /^-ERR (wrong number of arguments for '\w+' command|unknown subcommand 'FOO')/,
    okq: /^-ERR (missing subcommand|unknown subcommand 'FOO') of [A-Z]+ \(known: [A-Z, ]+\)\r\n$/,
  },
  {
    reason: "an event takes more memory than an element of a list",
    command: /^memory usage {k}[qs]/i,
    redis: /^:\d+\r\n$/,
    okq: /^:\d+\r\n$/,
  },
  {
    reason: "a pop takes about 1 MiB at once",
    command: /^RPOP {k}q 7$/,
    redis: /^\*7\r\n/,
    okq: /^\*4\r\n(\$300000\r\n\d{300000}\r\n){4}$/,
  },
  {
    reason: "queues do not expire",
    command: /^P?EXPIRE(AT)? /,
    redis: /^:1\r\n$/,
    okq: /^-ERR okq has no P?EXPIRE(AT)?: events expire, see QPUSH with TTL and .*\r\n$/,
  },
  {
    reason: "members of sets are bounded",
    command: /^SADD {k}s \d{1025}$/,
    redis: /^:1\r\n$/,
    okq: /^-ERR .*1024/,
  },
  {
    reason: "a client that waits looks at its queues in their order, whichever was pushed to first",
    command: /^BLPOP {k}later {k}earlier 0$/,
    redis: /{k}earlier/,
    okq: /{k}later/,
  },
];
