// All scripts of streams.
import { streamBlockingScripts } from "./stream-blocking-scripts.ts";
import { streamDifferenceScripts } from "./stream-difference-scripts.ts";
import { streamGroupScripts } from "./stream-group-scripts.ts";
import { streamKeyScripts } from "./stream-key-scripts.ts";
import { streamScripts } from "./stream-scripts.ts";

export const allStreamScripts = [
  ...streamScripts,
  ...streamGroupScripts,
  ...streamKeyScripts,
  ...streamDifferenceScripts,
  ...streamBlockingScripts,
];
