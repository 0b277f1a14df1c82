// How far operations on lists and streams go: see LIST_REACH.
import { LIST_REACH } from "../../queue/lists.ts";
import type { Model } from "./model.ts";

/** Whether an operation may go so far, in a transaction together with those before it. */
export function mayGo(model: Model, far: number): boolean {
  if (far > (model.reachLeft ?? LIST_REACH)) return false;
  if (model.reachLeft !== null) model.reachLeft -= far;
  return true;
}
