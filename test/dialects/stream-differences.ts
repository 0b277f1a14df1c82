// Where streams of okq are otherwise than those of Redis 7.0 on purpose, and why.
import type { Difference } from "./differences.ts";

const NIL = /^(\*-1|_)\r\n$/;
const ENTRIES = /^[*%]1\r\n/;

export const streamDifferences: Difference[] = [
  {
    reason: "a claim has been idle for some ms",
    command: /^XPENDING \S+ \S+ .+/i,
    part: /:\d+(?=\r\n:\d+\r\n)/g,
    isTime: true,
  },
  {
    reason: "an id of the clock is that of some ms",
    command: /^X\w+ (COUNT 1 STREAMS )?{k}clock/i,
    part: /\$\d+\r\n\d{13}-\d+/g,
    isTime: true,
  },
  {
    reason: "consumers have `inactive` too, as since Redis 7.2",
    command: /^XINFO CONSUMERS/i,
    part: /[*%][3468](?=\r\n\$4\r\nname)|(?<=\$4\r\nidle\r\n):\d+|\$8\r\ninactive\r\n:-?\d+\r\n/g,
  },
  {
    reason: "what is acknowledged is gone",
    command: /^X(LEN|RANGE|DEL) {k}(acked|[xy])/,
    redis: /^[:*][1-9]/,
    okq: /^[:*]\d/,
  },
  {
    reason: "the first group of a stream has all that is there",
    command: /^XREADGROUP GROUP g c STREAMS {k}first >$/,
    redis: NIL,
    okq: ENTRIES,
  },
  {
    reason: "the group `default` is the first one",
    command: /^XGROUP CREATE {k}first default 0$/,
    redis: /^\+OK\r\n$/,
    okq: /^-BUSYGROUP/,
  },
  {
    reason: "the group `default` is there",
    command: /^XREADGROUP GROUP default c STREAMS {k}none >$/,
    redis: /^-NOGROUP/,
    okq: /^(\*-1|_|[*%]1)\r\n/,
  },
  {
    reason: "a group is not set to another id",
    command: /^XGROUP (SETID {k}refused g 0|CREATE {k}refused h 0 ENTRIESREAD 5)$/,
    redis: /^\+OK\r\n$/,
    okq: /^-ERR .*(SETID|ENTRIESREAD)/,
  },
  {
    reason: "a claim is not given another time or count",
    command: /^XCLAIM {k}refused .* [A-Z]/,
    redis: /^(\*1\r\n|-ERR (Unrecognized XCLAIM option|Invalid IDLE option argument))/,
    okq: /^-ERR .*(IDLE|TIME|RETRYCOUNT|FORCE|LASTID)/,
  },
  {
    reason: "an event may have any id",
    command: /^XCLAIM {k}refused g c 0 (1-1 |)any-id$/,
    redis: /^-ERR Unrecognized XCLAIM option/,
    okq: /^\*[01]\r\n/,
  },
  {
    reason: "a consumer has a name",
    command: /^XGROUP CREATECONSUMER {k}refused g $/,
    redis: /^:1\r\n$/,
    okq: /^-ERR .*empty/,
  },
  {
    reason: "who waits for a group that is gone is told of it as if it came now",
    command: /^XREADGROUP .*BLOCK 0 .*{k}(lost|[xy])/,
    redis: /^-NOGROUP the consumer group this client was blocked on no longer exists\r\n$/,
    okq: /^-NOGROUP No such key/,
  },
  {
    reason: "what a deleted consumer had claimed is for the others",
    command: /^XREADGROUP GROUP g bob STREAMS {k}freed >$/,
    redis: NIL,
    okq: ENTRIES,
  },
  {
    reason: "a removed entry is not pending",
    command: /^XPENDING {k}removed g$/,
    redis: /^\*4\r\n:1\r\n/,
    okq: /^\*4\r\n:0\r\n/,
  },
  {
    reason: "entries that are claimed are not trimmed",
    command: /^XTRIM {k}claimed MAXLEN 0$/,
    redis: /^:2\r\n$/,
    okq: /^:1\r\n$/,
  },
  {
    reason: "to read what one has claimed is no delivery",
    command: /^XPENDING {k}read g - \+ 10$/,
    redis: /:2\r\n$/,
    okq: /:1\r\n$/,
  },
  {
    reason: "okq trims entry by entry, Redis by the hundred",
    command: /^XTRIM {k}about (MINID ~ 3|MAXLEN ~ 20)$/,
    redis: /^:(0|100)\r\n$/,
    okq: /^:[1-9]\d*\r\n$/,
  },
  {
    reason: "+ is the newest entry, as since Redis 7.4",
    command: /^XREAD STREAMS {k}newest \+$/,
    redis: /^-ERR Invalid stream ID/,
    okq: ENTRIES,
  },
  {
    reason: "how many entries a group has read is not counted",
    command: /^XINFO GROUPS/i,
    part: /(?<=entries-read\r\n)(:\d+|\$-1|_)/g,
  },
  {
    reason:
      "XINFO STREAM FULL has times, what consumers have had since Redis 7.2, and no entries-read",
    command: /^XINFO STREAM {k}q FULL/i,
    part: /(?<=entries-read\r\n)(:\d+|\$-1|_)|:\d{13}|[*%]\d+(?=\r\n\$4\r\nname)|\$11\r\nactive-time\r\n:-?\d+\r\n/g,
  },
];
