// Joins the Lua files into the one script that runs a batch.
import ack from "./ack.lua" with { type: "text" };
import batch from "./batch.lua" with { type: "text" };
import flush from "./flush.lua" with { type: "text" };
import list from "./list.lua" with { type: "text" };
import peek from "./peek.lua" with { type: "text" };
import pop from "./pop.lua" with { type: "text" };
import prelude from "./prelude.lua" with { type: "text" };
import probe from "./probe.lua" with { type: "text" };
import push from "./push.lua" with { type: "text" };
import ready from "./ready.lua" with { type: "text" };
import redo from "./redo.lua" with { type: "text" };
import register from "./register.lua" with { type: "text" };
import stage from "./stage.lua" with { type: "text" };
import status from "./status.lua" with { type: "text" };
import tick from "./tick.lua" with { type: "text" };
import unpop from "./unpop.lua" with { type: "text" };
import {
  FIXED_KEYS,
  INFIXES,
  LARGE_BYTES,
  LAYOUT,
  PUSHED_LEFT,
  STAGED,
  TICKS_PER_MS,
  USUAL_LEASE_MS,
} from "./keys.ts";

const layout = `local LAYOUT = TAG .. ${JSON.stringify(LAYOUT)}\n`;
const infixes = Object.entries({ ...INFIXES, STAGED }).map(
  ([name, infix]) => `local ${name} = TAG .. ${JSON.stringify(infix)}\n`,
);
const numbers = { FIXED_KEYS, LARGE_BYTES, TICKS_PER_MS, PUSHED_LEFT, USUAL_LEASE_MS };
const names = [
  ...Object.entries(numbers).map(([name, number]) => `local ${name} = ${number}\n`),
  "local TAG = string.match(KEYS[1], '^{[^}]*}')\n",
  layout,
  ...infixes,
].join("");

const verbs = [
  ack,
  flush,
  list,
  peek,
  pop,
  probe,
  push,
  ready,
  redo,
  register,
  status,
  tick,
  unpop,
];

export const SCRIPT = [names, stage, prelude, ...verbs, batch].join("\n");
export const SCRIPT_SHA = new Bun.CryptoHasher("sha1").update(SCRIPT).digest("hex");
