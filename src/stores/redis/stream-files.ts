// The Lua files of the verbs on streams, see script.ts.
import streamAck from "./full/stream-ack.lua" with { type: "text" };
import streamAdd from "./full/stream-add.lua" with { type: "text" };
import streamClaim from "./full/stream-claim.lua" with { type: "text" };
import streamCreateConsumer from "./full/stream-create-consumer.lua" with { type: "text" };
import streamCreateGroup from "./full/stream-create-group.lua" with { type: "text" };
import streamDeleteConsumer from "./full/stream-delete-consumer.lua" with { type: "text" };
import streamDestroyGroup from "./full/stream-destroy-group.lua" with { type: "text" };
import streamGroups from "./full/stream-groups.lua" with { type: "text" };
import streamInfo from "./full/stream-info.lua" with { type: "text" };
import streamLength from "./full/stream-length.lua" with { type: "text" };
import streamLine from "./full/stream-line.lua" with { type: "text" };
import streamNack from "./full/stream-nack.lua" with { type: "text" };
import streamPending from "./full/stream-pending.lua" with { type: "text" };
import streamRange from "./full/stream-range.lua" with { type: "text" };
import streamRecord from "./full/stream-record.lua" with { type: "text" };
import streamRemove from "./full/stream-remove.lua" with { type: "text" };
import streamTake from "./full/stream-take.lua" with { type: "text" };
import streamTrim from "./full/stream-trim.lua" with { type: "text" };
import smallAck from "./tokens/stream-ack.lua" with { type: "text" };
import smallAdd from "./tokens/stream-add.lua" with { type: "text" };
import smallPlaces from "./tokens/stream-places.lua" with { type: "text" };
import smallTake from "./tokens/stream-take.lua" with { type: "text" };
import smallGroups from "./tokens/streams.lua" with { type: "text" };

export const streamFiles = {
  ack: streamAck,
  add: streamAdd,
  claim: streamClaim,
  createConsumer: streamCreateConsumer,
  createGroup: streamCreateGroup,
  deleteConsumer: streamDeleteConsumer,
  destroyGroup: streamDestroyGroup,
  groups: streamGroups,
  info: streamInfo,
  length: streamLength,
  line: streamLine,
  nack: streamNack,
  pending: streamPending,
  range: streamRange,
  record: streamRecord,
  remove: streamRemove,
  take: streamTake,
  trim: streamTrim,
  smallAck,
  smallAdd,
  smallPlaces,
  smallTake,
  smallGroups,
};
