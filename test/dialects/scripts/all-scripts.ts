// All scripts that are written by hand.
import { blockingScripts } from "./blocking-scripts.ts";
import { keyScripts } from "./key-scripts.ts";
import { listScripts } from "./list-scripts.ts";
import { longListScripts } from "./long-list-scripts.ts";
import { moveScripts } from "./move-scripts.ts";
import { transactionScripts } from "./transaction-scripts.ts";

export const allScripts = [
  ...listScripts,
  ...moveScripts,
  ...keyScripts,
  ...transactionScripts,
  ...longListScripts,
  // The slowest ones.
  ...blockingScripts,
];
