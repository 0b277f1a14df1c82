// The error replies of Redis' stream commands. See error-texts.ts.
import type { ErrorText } from "./connection-error-texts.ts";

export const streamErrorTexts = {
  invalidStreamId: {
    text: "ERR Invalid stream ID specified as stream command argument",
    when: "A stream command with an id that is not of the form `<ms>-<seq>` or `<ms>`.",
  },
  smallerId: {
    text: "ERR The ID specified in XADD is equal or smaller than the target stream top item",
    when: "XADD with an id that is not greater than all that the stream has had. Nothing was done.",
  },
  zeroId: {
    text: "ERR The ID specified in XADD must be greater than 0-0",
    when: "XADD with the id 0-0.",
  },
  noMoreIds: {
    text: "ERR The stream has exhausted the last possible ID, unable to add more items",
    when: "XADD, and the stream has had the greatest id. Nothing was done.",
  },
  noIdempotence: {
    text: "ERR okq has no {option} of XADD: use QPUSH with ID and dedupe-window",
    when: "XADD with IDMP or IDMPAUTO. Nothing was done.",
  },
  notWithReferences: {
    text: "ERR okq has no {option} of {command}",
    when: "XADD or XTRIM with KEEPREF, DELREF or ACKED. Nothing was done.",
  },
  trimTwice: {
    text: "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
    when: "XADD or XTRIM with two of MAXLEN and MINID.",
  },
  trimNegative: {
    text: "ERR The {option} argument must be >= 0.",
    when: "XADD or XTRIM with a MAXLEN or a LIMIT below 0.",
  },
  limitAlone: {
    text: "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
    when: "XADD or XTRIM with LIMIT, and without MAXLEN and MINID.",
  },
  limitExact: {
    text: "ERR syntax error, LIMIT cannot be used without the special ~ option",
    when: "XADD or XTRIM with LIMIT, and without `~`.",
  },
  trimMissing: {
    text: "ERR syntax error, XTRIM must be called with a trimming strategy",
    when: "XTRIM without MAXLEN and MINID.",
  },
  invalidStart: {
    text: "ERR invalid start ID for the interval",
    when: "XRANGE from behind the greatest id.",
  },
  invalidEnd: {
    text: "ERR invalid end ID for the interval",
    when: "XRANGE to before 0-0.",
  },
  unbalancedStreams: {
    text: "ERR Unbalanced {list}: for each stream key an ID or '{symbol}' must be specified.",
    when: "XREAD or XREADGROUP with fewer ids than streams.",
  },
  groupOnly: {
    text: "ERR The {option} option is only supported by XREADGROUP. You called XREAD instead.",
    when: "XREAD with GROUP or NOACK.",
  },
  newOfGroup: {
    text:
      "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> " +
      "<consumer> option.",
    when: "XREAD with the id `>`.",
  },
  blockNoInteger: {
    text: "ERR timeout is not an integer or out of range",
    when: "XREAD or XREADGROUP with a BLOCK that is no integer.",
  },
  streamTooLarge: {
    text: "ERR too much at once for {command}, ask for less with COUNT: '{queue}'",
    when:
      "A command on a stream that would show more than 10,000 entries or 64 MiB, or go over more " +
      "than 100,000 claims, or entries out of their order. Nothing was done.",
  },
  noGroupToRead: {
    text: "NOGROUP No such key '{key}' or consumer group '{group}' in XREADGROUP with GROUP option",
    when: "XREADGROUP of a group that is not there.",
  },
  noGroupOrKey: {
    text: "NOGROUP No such key '{key}' or consumer group '{group}'",
    when: "XPENDING, XCLAIM or XAUTOCLAIM of a group that is not there.",
  },
  noGroup: {
    text: "NOGROUP No such consumer group '{group}' for key name '{queue}'",
    when: "XGROUP or XINFO with a group that is not there.",
  },
  newOnly: {
    text:
      "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of " +
      "this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID " +
      "would just return an empty result set.",
    when: "XREADGROUP with the id `$`.",
  },
  missingGroup: {
    text: "ERR Missing GROUP option for XREADGROUP",
    when: "XREADGROUP without GROUP.",
  },
  groupWithoutKey: {
    text:
      "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to " +
      "use the MKSTREAM option to create an empty stream automatically.",
    when: "XGROUP with a name that no stream and no queue with events has.",
  },
  groupTooLarge: {
    text: "ERR a group would get more than {reach} entries, create it at $: '{queue}'",
    when: "XGROUP CREATE of a further group with an id that so many entries are behind.",
  },
  wrongSubcommand: {
    text: "ERR unknown subcommand or wrong number of arguments for '{subcommand}'. Try {help}.",
    when: "XGROUP CREATE or XINFO STREAM with other arguments.",
  },
  notOfGroups: {
    text: "ERR okq has no {option} of {command}: {reason}",
    when: "XGROUP SETID, and options of XGROUP, XCLAIM and XNACK that okq does not have.",
  },
  minIdle: {
    text: "ERR Invalid min-idle-time argument for {command}",
    when: "XCLAIM, XAUTOCLAIM or XREADGROUP with a minimal idle time that is no integer.",
  },
  unknownClaimOption: {
    text: "ERR Unrecognized XCLAIM option '{option}'",
    when: "XCLAIM with another option.",
  },
  claimCount: {
    text: "ERR COUNT must be > 0",
    when: "XAUTOCLAIM with a COUNT below 1.",
  },
  idCount: {
    text: "ERR Number of IDs must be a positive integer",
    when: "XACKDEL or XNACK with another number behind IDS.",
  },
  idsMissing: {
    text: "ERR The `numids` parameter must match the number of arguments",
    when: "XACKDEL or XNACK with fewer ids than the number behind IDS says.",
  },
  groupExists: {
    text: "BUSYGROUP Consumer Group name already exists",
    when: "XGROUP CREATE of a group that is there. Drivers and programs look for this code.",
  },
} as const satisfies Record<string, ErrorText>;
