// The verbs of streams that add, remove and show entries. See full/stream-*.lua.
import type { StreamOperation } from "../../queue/streams.ts";
import type { Verb } from "./verb.ts";

type StreamKind = "streamAdd";

export const streams = {} satisfies { [K in StreamKind]?: Verb<K> };
export type { StreamOperation };
