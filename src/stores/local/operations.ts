// The operations on the model: one function per kind. A function either does its operation or
// throws before it has changed anything.
import type { Operation, Results } from "../../queue/operations.ts";
import { moveDue } from "./due.ts";
import type { Model } from "./model.ts";
import { onList, onStream } from "./name-kind.ts";
import * as binding from "./operations/binding.ts";
import * as changing from "./operations/changing.ts";
import * as counting from "./operations/counting.ts";
import * as claims from "./operations/claims.ts";
import * as crons from "./operations/crons.ts";
import * as grouping from "./operations/grouping.ts";
import * as managing from "./operations/managing.ts";
import * as listing from "./operations/listing.ts";
import * as looking from "./operations/looking.ts";
import * as popping from "./operations/popping.ts";
import * as pushing from "./operations/pushing.ts";
import * as queues from "./operations/queues.ts";
import * as sets from "./operations/sets.ts";
import * as streamClaims from "./operations/stream-claims.ts";
import * as streamGroups from "./operations/stream-groups.ts";
import { streamInfo } from "./operations/stream-info.ts";
import * as streaming from "./operations/streaming.ts";
import { transact } from "./operations/transacting.ts";

type OperationOf<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

type Operations = {
  [K in Operation["kind"]]: (model: Model, operation: OperationOf<K>) => Results[K];
};

const operations: Operations = {
  push: pushing.push,
  pushBatch: pushing.pushBatch,
  pop: popping.pop,
  popBatch: popping.popBatch,
  unpop: popping.unpop,
  ack: claims.ack,
  ackBatch: claims.ackBatch,
  redo: claims.redo,
  fail: claims.fail,
  crash: claims.crash,
  touch: claims.touch,
  touchBatch: claims.touchBatch,
  peek: looking.peek,
  get: looking.get,
  scan: looking.scan,
  remove: changing.remove,
  retry: changing.retry,
  flush: changing.flush,
  move: managing.move,
  set: managing.set,
  cancel: managing.cancel,
  count: managing.count,
  initCounter: counting.initCounter,
  countDown: counting.countDown,
  getCounter: counting.getCounter,
  dropCounter: counting.dropCounter,
  listCounters: counting.listCounters,
  stats: managing.stats,
  history: managing.history,
  group: grouping.group,
  groups: grouping.groups,
  setGroup: grouping.setGroup,
  settings: queues.settings,
  configure: queues.configure,
  pause: queues.pause,
  resume: queues.resume,
  bind: binding.bind,
  unbind: binding.unbind,
  status: queues.status,
  list: queues.list,
  ready: queues.ready,
  register: queues.register,
  cronSet: crons.cronSet,
  cronDelete: crons.cronDelete,
  cronGet: crons.cronGet,
  cronList: crons.cronList,
  cronQueues: crons.cronQueues,
  cronDue: crons.cronDue,
  cronFire: crons.cronFire,
  setAdd: sets.setAdd,
  setRemove: sets.setRemove,
  setMembers: sets.setMembers,
  setContains: sets.setContains,
  setCount: sets.setCount,
  setDrop: sets.setDrop,
  setList: sets.setList,
  tick(model, { limit }) {
    model.sweep();
    model.writeLate();
    const moved = moveDue(model, limit);
    return { moved, cronParts: model.crons.firstMs <= model.nowMs ? [0] : [] };
  },
  listPush: onList(listing.listPush),
  listPop: popping.listPop,
  listMove: onList(listing.listMove),
  listLength: onList(listing.listLength),
  listRange: onList(listing.listRange),
  listRemove: onList(listing.listRemove),
  listTrim: onList(listing.listTrim),
  listSet: onList(listing.listSet),
  listInsert: onList(listing.listInsert),
  streamAdd: onStream(streaming.streamAdd),
  streamTrim: onStream(streaming.streamTrim),
  streamRemove: onStream(streaming.streamRemove),
  streamLength: onStream(streaming.streamLength),
  streamRange: onStream(streaming.streamRange),
  streamTake: onStream(streamClaims.streamTake),
  streamClaim: onStream(streamClaims.streamClaim),
  streamAck: onStream(streamClaims.streamAck),
  streamNack: onStream(streamClaims.streamNack),
  streamPending: onStream(streamClaims.streamPending),
  streamInfo: onStream(streamInfo),
  streamCreateGroup: onStream(streamGroups.streamCreateGroup),
  streamDestroyGroup: onStream(streamGroups.streamDestroyGroup),
  streamCreateConsumer: onStream(streamGroups.streamCreateConsumer),
  streamDeleteConsumer: onStream(streamGroups.streamDeleteConsumer),
  probe(model) {
    model.demandWrite();
    return null;
  },
  transaction: (model, operation) => transact(model, operation, (each) => execute(model, each)),
};

/** Does one operation. If it throws, the model is unchanged. */
export function execute<K extends Operation["kind"]>(
  model: Model,
  operation: OperationOf<K>,
): Results[K] {
  const result = operations[operation.kind as K](model, operation);
  model.sweepGroups();
  return result;
}
