// Where okq answers otherwise than Redis on purpose, and why. A test fails if one is not needed.

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

export const differences: Difference[] = [];
