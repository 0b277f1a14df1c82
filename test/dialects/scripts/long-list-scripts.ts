// Scripts of list commands on long lists and with large contents.
import { script } from "../script.ts";

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at).join(" ");

const LONG = `
  RPUSH $q ${numbers(1, 3000)}
  LPUSH $q ${numbers(1, 500)}
  LLEN $q
  LRANGE $q 498 502
  LRANGE $q -3 -1
  LINDEX $q 1999
  LINDEX $q -1999
  LSET $q 2000 x
  LINSERT $q BEFORE x y
  LINSERT $q AFTER x z
  LPOS $q x
  LPOS $q z RANK -1
  LPOS $q 7 COUNT 0
  LREM $q 0 7
  LREM $q -1 400
  LRANGE $q 1995 2005
  LTRIM $q 100 -101
  LRANGE $q 0 -1
  LPOP $q 700
  RPOP $q 1200
  LMPOP 1 $q LEFT COUNT 1000
  LRANGE $q 0 -1
  LTRIM $q -50 -20
  LRANGE $q 0 -1
  LPOP $q 5000
  EXISTS $q
`;

const LARGE = `
  RPUSH $q <300000> <300000> <300000> <300000> <300000> <300000>
  LPOS $q <300000> RANK -1
  LREM $q 2 <300000>
  LMOVE $q $p LEFT RIGHT
  LLEN $p
  LRANGE $q 0 -1
  LPOP $q 3
`;

/** So many bytes are popped at once that okq leaves some. */
const TOO_LARGE = `
  RPUSH $q <300000> <300000> <300000> <300000> <300000> <300000> <300000> <300000>
  RPOP $q 7
`;

export const longListScripts = [
  script("a long list", LONG),
  script("large contents", LARGE),
  script("more than a pop takes", TOO_LARGE),
];
