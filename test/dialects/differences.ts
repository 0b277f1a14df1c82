// Where okq answers otherwise than Redis on purpose, and why. A test fails if one is not needed,
// other than for an order, which may be the same by chance.

interface Otherwise {
  /** Of the replies of Redis and of okq. */
  redis: RegExp;
  okq: RegExp;
  isOrderOnly?: never;
}

/** The same elements in another order: Redis promises none. */
interface OrderOnly {
  isOrderOnly: true;
  redis?: never;
  okq?: never;
}

export type Difference = {
  reason: string;
  /** Of the commands. */
  command: RegExp;
} & (Otherwise | OrderOnly);

export const differences: Difference[] = [
  { reason: "keys have no order", command: /^(KEYS|SCAN) /i, isOrderOnly: true },
  { reason: "members of a set have no order", command: /^SMEMBERS /i, isOrderOnly: true },
  {
    reason: "numbers are decimal",
    command: /^BLPOP .* 0x10$/,
    redis: /^\*2/,
    okq: /^-ERR timeout is not a float or out of range\r\n$/,
  },
  {
    reason: "a client that waits looks at its queues in their order, whichever was pushed to first",
    command: /^BLPOP {k}later {k}earlier 0$/,
    redis: /{k}earlier/,
    okq: /{k}later/,
  },
];
