// Random bindings between the few queues of a random life.
import type { Operation } from "../../src/queue/operations.ts";
import { bytesOf } from "./contract/caller.ts";
import type { Random } from "./random.ts";

/**
 * queues: as RandomLife names them. hasChains: then copies must not enter a queue to which failed
 * events move on, because stores choose in which order a tick does both.
 */
export function randomBinding(random: Random, queues: string[], hasChains: boolean): Operation {
  const [chain, next, , other] = queues as [string, string, string, string];
  const ofChain: [string, string][] = [
    [chain, "1"],
    [chain, "1@2"],
    [next, "2"],
  ];
  const [queue, name] = random.of<[string, string]>([[other, "1"], ...(hasChains ? [] : ofChain)]);
  const kind = random.below(2) === 0 ? "bind" : "unbind";
  return { kind, queue: bytesOf(queue), name: bytesOf(name) };
}
