// Scripts of what streams of okq do otherwise. Each key stands for one of the named differences.
import { script } from "../script.ts";

const ACKED = `
  XADD $acked 1-1 n 1
  XADD $acked 1-2 n 2
  XGROUP CREATE $acked g 0
  XREADGROUP GROUP g c COUNT 1 STREAMS $acked >
  XACK $acked g 1-1
  XLEN $acked
  XRANGE $acked - +
  XREADGROUP GROUP g c NOACK STREAMS $acked >
  XLEN $acked
  XPENDING $acked g
  XDEL $acked 1-1 1-2
`;

const FIRST_GROUP = `
  XADD $first 1-1 n 1
  XGROUP CREATE $first g $
  XREADGROUP GROUP g c STREAMS $first >
  XADD $first 1-2 n 2
  XREADGROUP GROUP g c STREAMS $first >
  XREADGROUP GROUP default c STREAMS $none >
  XADD $none 1-1 n 1
  XREADGROUP GROUP default c STREAMS $none >
  XGROUP CREATE $first default 0
`;

/** Redis tells the client at once that they are gone; here it hears of it in both. */
const LOST_GROUPS = `
  XGROUP CREATE $lost g 0 MKSTREAM
  b: XREADGROUP GROUP g c BLOCK 0 STREAMS $lost >
  MULTI
  DEL $lost
  XADD $lost 1-1 n 1
  EXEC
`;

const REFUSED = `
  XADD $refused 1-1 n 1
  XGROUP CREATE $refused g 0
  XGROUP SETID $refused g 0
  XGROUP CREATE $refused h 0 ENTRIESREAD 5
  XREADGROUP GROUP g c STREAMS $refused >
  XCLAIM $refused g c 0 1-1 IDLE 5
  XCLAIM $refused g c 0 1-1 TIME 1000
  XCLAIM $refused g c 0 1-1 RETRYCOUNT 3
  XCLAIM $refused g c 0 1-1 FORCE JUSTID
  XCLAIM $refused g c 0 1-1 LASTID 5-5
  XCLAIM $refused g c 0 1-1 IDLE
  XCLAIM $refused g c 0 1-1 IDLE x
  XCLAIM $refused g c 0 1-1 LASTID
  XCLAIM $refused g c 0 1-1 any-id
  XCLAIM $refused g c 0 any-id
  XGROUP CREATECONSUMER $refused g ""
`;

const CLAIMS = `
  XADD $freed 1-1 n 1
  XGROUP CREATE $freed g 0
  XREADGROUP GROUP g alice STREAMS $freed >
  XGROUP DELCONSUMER $freed g alice
  XREADGROUP GROUP g bob STREAMS $freed >
  XADD $removed 1-1 n 1
  XGROUP CREATE $removed g 0
  XREADGROUP GROUP g alice STREAMS $removed >
  XDEL $removed 1-1
  XLEN $removed
  XPENDING $removed g
  XADD $claimed 1-1 n 1
  XADD $claimed 1-2 n 2
  XGROUP CREATE $claimed g 0
  XREADGROUP GROUP g alice COUNT 1 STREAMS $claimed >
  XTRIM $claimed MAXLEN 0
  XADD $read 1-1 n 1
  XGROUP CREATE $read g 0
  XREADGROUP GROUP g alice STREAMS $read >
  XREADGROUP GROUP g alice STREAMS $read 0
  XPENDING $read g - + 10
`;

const OTHERS = `
  ${Array.from({ length: 150 }, (_, n) => `XADD $about ${n + 1} n 1`).join(" | ")}
  XTRIM $about MINID ~ 3
  XTRIM $about MAXLEN ~ 20
  XADD $newest 1-1 n 1
  XADD $newest 1-2 n 2
  XREAD STREAMS $newest +
`;

export const streamDifferenceScripts = [
  script("acknowledged entries", ACKED),
  script("the first group", FIRST_GROUP),
  script("a wait for a group that is no longer there", LOST_GROUPS),
  script("options of streams that okq refuses", REFUSED),
  script("claims of entries", CLAIMS),
  script("how far a stream is trimmed, and its newest entry", OTHERS),
];
