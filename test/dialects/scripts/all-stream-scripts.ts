// All scripts of streams.
import { streamBlockingScripts } from "./stream-blocking-scripts.ts";
import { streamClaimScripts } from "./stream-claim-scripts.ts";
import { streamDifferenceScripts } from "./stream-difference-scripts.ts";
import { streamGroupScripts } from "./stream-group-scripts.ts";
import { streamKeyScripts } from "./stream-key-scripts.ts";
import { streamReadScripts } from "./stream-read-scripts.ts";
import { streamScripts } from "./stream-scripts.ts";

export const allStreamScripts = [
  ...streamScripts,
  ...streamReadScripts,
  ...streamGroupScripts,
  ...streamClaimScripts,
  ...streamKeyScripts,
  ...streamDifferenceScripts,
  ...streamBlockingScripts,
];
