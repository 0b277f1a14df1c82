// Every error reply of okq: its text, which begins with a code, and when a client gets it. The
// README's list comes from here. Errors in the protocol itself are in resp/protocol-error.ts.
// Drivers act on some codes and on some of Redis' texts: those must not change.

import { connectionErrorTexts, type ErrorText } from "./connection-error-texts.ts";
import { streamErrorTexts } from "./stream-error-texts.ts";

/** Sorted by what the client did, the most frequent first. */
export const errorTexts = {
  // The store.
  storeUnavailable: {
    // Drivers try again by themselves after this code.
    text: "LOADING store unavailable: {reason}",
    when: "The store cannot be reached. Nothing was done: send the command again.",
  },
  storeUnknown: {
    text: "ERR store outcome unknown: {reason}",
    when: "The connection broke, or too few replicas answered. The command may be done or not.",
  },
  storeRefused: {
    text: "ERR store refused: {reason}",
    when: "The store is full or cannot write, as the reason says. Nothing was done.",
  },
  afterRejected: {
    text: "ERR not done, because an earlier command of this client was refused",
    when: "The client had sent the command after an event or a command that is too large.",
  },
  internal: {
    text: "ERR internal error: {reason}",
    when: "A bug in okq. The log of okq has the details.",
  },
  // Commands on queues.
  duplicateEvent: {
    text: "ERR duplicate event {id}",
    when:
      "An event with that id is ready, delayed, claimed or failed in the queue, or was pushed " +
      "within its `dedupe-window`, or has taken the unique key of the push. " +
      "After a repeated push it means that the first one succeeded.",
  },
  duplicate: {
    text: "DUPLICATE {id}",
    when:
      "QPUSH, and the id is taken, by an event or a `dedupe-window`, or the event with that id " +
      "has taken the unique key. Nothing was done.",
  },
  queueFull: {
    text: "QUEUEFULL {queue}",
    when:
      "The queue has as many events as its setting `max-length` allows, or one command pushes " +
      "more than that, also with `drop-oldest`. Nothing was done. Also the answer to an " +
      "acknowledgement that would end a counter of that queue.",
  },
  queuePaused: {
    text: "PAUSED {queue}",
    when: "Pushes to the queue are paused (`QPAUSE IN`). Nothing was done.",
  },
  unblocked: {
    text: "UNBLOCKED client unblocked via CLIENT UNBLOCK",
    when: "The command waited, and CLIENT UNBLOCK with ERROR ended that.",
  },
  backgroundBusy: {
    text: "ERR too busy to process NOBLOCK event",
    when:
      "Too many NOBLOCK pushes are in progress (`--bg-push-pool-size`), or with this one they " +
      "would have more bytes than one event may have. The event was not pushed.",
  },
  nameTooLong: {
    text: "ERR {name} too long, {bytes} of at most {bytesMax} bytes (--max-name-bytes)",
    when: "A push or QREGISTER names a queue or an id that is longer than allowed.",
  },
  notRegistered: {
    text: "ERR not registered: send QREGISTER before QNOTIFY, on every new connection again",
    when: "QNOTIFY on a connection that did not send QREGISTER.",
  },
  namesTooLong: {
    text: "ERR names too long, {bytes} of at most {bytesMax} bytes in all",
    when:
      "The names of the queues of a QREGISTER or a pop, or of all channels and patterns that a " +
      "client has subscribed to, are too long together.",
  },
  tooManyRegistrations: {
    text: "ERR the registrations of all clients need too much memory (--max-waiting-bytes)",
    when: "The registrations of all clients use up the memory that there is for them.",
  },
  unknownSetting: {
    text: "ERR unknown setting, known: {known}; got '{setting}'",
    when: "QCONFIG or QDEFAULT with a setting that does not exist.",
  },
  moveToItself: {
    text: "ERR the target is the queue itself",
    when: "QMOVE names the same queue twice.",
  },
  failedToCycle: {
    text: "ERR failed-to would lead back to this queue, or over more than 16 queues",
    when: "QCONFIG with such a `failed-to`. Nothing was changed.",
  },
  failedToApart: {
    text: "CROSSSLOT failed-to is in another shard: use names with the same part in braces",
    when: "QCONFIG with such a `failed-to`, in a cluster. Nothing was changed.",
  },
  partApart: {
    text: "CROSSSLOT the counter is in another shard: use the same part in braces, not '{queue}'",
    when: "A push with PART, in a cluster. Nothing was pushed.",
  },
  counterThere: {
    text: "ERR another counter is there, or it has begun to count: '{key}'",
    when: "QCOUNTER INIT of a counter that has counted, or had another number or event.",
  },
  tooManyCounters: {
    text: "ERR too many counters of a queue, it has {max}",
    when: "QCOUNTER INIT. Remove some with QCOUNTER DEL.",
  },
  cronNever: {
    text: "ERR the spec has no times, got '{spec}'",
    when: "QCRON SET with a day that is in none of its months, such as 31 February.",
  },
  boundApart: {
    text: "CROSSSLOT '{queue}' would be in another shard: use a name without braces",
    when: "QBIND with a name with braces, in a cluster. Nothing was changed.",
  },
  weights: {
    text: "ERR WEIGHTS takes one weight for each queue, got {count} for {queues}",
    when: "A pop has more or fewer weights than queues.",
  },
  // Arguments.
  missingArguments: {
    text: "ERR missing args, usage: {usage}",
    when: "A command on queues has too few arguments.",
  },
  missingOption: {
    text: "ERR missing {option}, usage: {usage}",
    when: "The command lacks an option that it must have, such as FROM of QPOP.",
  },
  tooManyArguments: {
    text: "ERR too many args, usage: {usage}",
    when: "A command on queues has too many arguments, or repeats one more than 1,024 times.",
  },
  wrongArgumentCount: {
    text: "ERR wrong number of arguments for '{command}' command",
    when: "Another command has too few or too many arguments.",
  },
  unknownOption: {
    text: "ERR syntax error, unknown option '{option}' (known: {known})",
    when: "The command has no such option.",
  },
  missingValue: {
    text: "ERR syntax error, option {option} needs a value ({usage})",
    when: "The value of the option, or one of its values, is missing.",
  },
  exclusiveOptions: {
    text: "ERR syntax error, {option} does not go with {other}",
    when: "The command has options that exclude each other.",
  },
  repeatedOption: {
    text: "ERR syntax error, option {option} is given twice",
    when: "The command takes that option with one value only.",
  },
  optionNeeds: {
    text: "ERR syntax error, {option} needs {other}",
    when: "The option has a meaning only with another one, which is missing.",
  },
  optionBehind: {
    text: "ERR syntax error, options stand before {token}, got '{option}'",
    when: "The name of an option stands in capitals behind the first queue of a pop.",
  },
  notSeconds: {
    text: "ERR {name} must be a number of seconds from {min} to {max}, got '{given}'",
    when: "A time is negative, no number, too long (perhaps in ms), or 0 where that is no time.",
  },
  notTime: {
    text: "ERR {name} must be a time in seconds since 1970, up to the year 2200, got '{given}'",
    when: "A point in time is no number, or is perhaps in milliseconds.",
  },
  notInteger: {
    text: "ERR {name} must be an integer from {min} to {max}, got '{given}'",
    when: "A number is too small, too large or not an integer.",
  },
  notOneOf: {
    text: "ERR {name} takes {accepts}, got '{given}'",
    when: "The option takes one of some words, or a value of a certain form.",
  },
  tooLong: {
    text: "ERR {name} too long, {bytes} of at most {bytesMax} bytes",
    when: "A header, the name of a worker or another value is too long.",
  },
  empty: {
    text: "ERR {name} empty: it must name something",
    when: "The name of a group, a worker, a header, a binding or a cron entry, a key or a member.",
  },
  tooMany: {
    text: "ERR too many {things}, {count} of at most {max}",
    when: "A command names, or with it a queue would have, more of something than allowed.",
  },
  syntax: {
    text: "ERR syntax error",
    when: "The arguments of a command of Redis do not fit together.",
  },
  // Redis' list commands.
  wrongType: {
    text: "WRONGTYPE Operation against a key holding the wrong kind of value",
    when:
      "A list command with the name of a set or a stream, a stream command with that of a set or " +
      "a list, or a set command with that of a queue that has events. Nothing was done.",
  },
  setFull: {
    text: "ERR the set would have more than {max} members: '{set}'",
    when: "SADD. Nothing was added.",
  },
  tooManySets: {
    text: "ERR too many sets, there are {max} besides '{set}'",
    when: "SADD of the first member of a set. In a cluster these are the sets of one shard.",
  },
  membersTooLarge: {
    text: "ERR too much to show in one transaction, ask alone for the members of '{set}'",
    when: "SMEMBERS in a transaction that shows more than 1 MiB before it.",
  },
  listTooLarge: {
    text: "ERR the list is too large for this command, it goes {reach} events far: '{queue}'",
    when:
      "LRANGE, LINDEX or LSET further than that from both ends, or LRANGE with more than 64 MiB; " +
      "LREM and LPOS with more ready events; LTRIM that would remove more; those of a " +
      "transaction together. Nothing was done.",
  },
  insertHere: {
    text: "ERR LINSERT takes {reach} ready events, without priorities and groups: '{queue}'",
    when: "LINSERT into a queue with more ready events, or with others. Nothing was pushed.",
  },
  moveApart: {
    text: "CROSSSLOT the target is in another shard: use the same part in braces, not '{queue}'",
    when: "LMOVE and the like, in a cluster. Nothing was moved.",
  },
  noSuchKey: {
    text: "ERR no such key",
    when: "LSET, and no event is ready.",
  },
  indexOutOfRange: {
    text: "ERR index out of range",
    when: "LSET with an index beyond the ends.",
  },
  mustBePositive: {
    text: "ERR value is out of range, must be positive",
    when: "LPOP or RPOP with a count that is negative or no integer.",
  },
  negative: {
    text: "ERR {option} can't be negative",
    when: "LPOS with a COUNT or a MAXLEN that is negative or no integer.",
  },
  rankZero: {
    text:
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use " +
      "negative to start from the end of the list",
    when: "LPOS with RANK 0.",
  },
  timeoutNoNumber: {
    text: "ERR timeout is not a float or out of range",
    when: "BLPOP and the like with a timeout that is no number.",
  },
  timeoutNegative: {
    text: "ERR timeout is negative",
    when: "BLPOP and the like with a timeout below 0.",
  },
  timeoutTooLong: {
    text: "ERR timeout is out of range",
    when: "BLPOP and the like with a timeout of more than some hundred million years.",
  },
  // Redis' stream commands.
  ...streamErrorTexts,
  // Redis' commands on keys.
  slowlogCount: {
    text: "ERR count should be greater than or equal to -1",
    when: "SLOWLOG GET with another count.",
  },
  noExpiry: {
    text: "ERR okq has no {command}: events expire, see QPUSH with TTL and the setting ttl",
    when: "EXPIRE and its kin. Nothing was changed.",
  },
  invalidCursor: {
    text: "ERR invalid cursor",
    when: "SCAN with a cursor that is no number.",
  },
  unknownCursor: {
    text: "ERR unknown cursor, begin again with 0: '{cursor}'",
    when: "SCAN with a cursor of another okq, or one that this okq has forgotten.",
  },
  unknownScript: {
    text: "ERR okq runs no scripts, except those of KEDA's list scaler and Logstash's Redis input",
    when: "EVAL or SCRIPT LOAD with another script.",
  },
  noScript: {
    text: "NOSCRIPT No matching script. Please use EVAL.",
    when: "EVALSHA of a script that okq does not know.",
  },
  tooManyKeys: {
    text: "ERR Number of keys can't be greater than number of args",
    when: "EVAL or EVALSHA with fewer arguments than keys.",
  },
  negativeKeys: {
    text: "ERR Number of keys can't be negative",
    when: "EVAL or EVALSHA with such a number.",
  },
  scriptKey: {
    text: "ERR this script needs a key",
    when: "EVAL or EVALSHA without keys.",
  },
  scriptNumber: {
    text: "ERR this script needs a number of events, less one, that is not negative",
    when: "EVAL or EVALSHA of Logstash's script, without it or with another one.",
  },
  // Commands that are not there.
  unknownCommand: {
    text: "ERR unknown command '{command}', with args beginning with: {args}",
    when: "okq has no such command.",
  },
  unknownSubcommand: {
    text: "ERR unknown subcommand '{subcommand}' of {container} (known: {known})",
    when: "The command has no such subcommand.",
  },
  missingSubcommand: {
    text: "ERR missing subcommand of {container} (known: {known})",
    when: "The command needs a subcommand.",
  },
  transactionAborted: {
    text: "EXECABORT Transaction discarded because of previous errors.",
    when: "EXEC, and a command after MULTI had an error. Nothing was done.",
  },
  transactionDiscarded: {
    text: "EXECABORT Transaction discarded because of: {reason}",
    when: "EXEC, and a part of it is refused, with the error that it would have. Nothing was done.",
  },
  notInTransaction: {
    text: "ERR {command} is not allowed in a transaction",
    when: "After MULTI, a command that waits, works in pieces, or may show much.",
  },
  inPieces: {
    text: "ERR {form} works in pieces, it is not allowed in a transaction",
    when: "After MULTI: QRETRY ALL, QMOVE without IDS, or with other options.",
  },
  transactionTooLarge: {
    text: "ERR transaction too large, {bytes} of at most {bytesMax} bytes",
    when: "The commands after MULTI are larger than two of the largest events.",
  },
  tooManyTransactions: {
    text: "ERR the transactions of all clients need too much memory (--max-waiting-bytes)",
    when: "The commands that all clients have sent between MULTI and EXEC use up their memory.",
  },
  transactionApart: {
    text: "CROSSSLOT a transaction is in one shard: use the same part in braces, not '{queue}'",
    when: "In a cluster, a command after MULTI that names a queue of another shard.",
  },
  noWatch: {
    text: "ERR okq has no WATCH: a transaction is judged and done as one",
    when: "WATCH.",
  },
  nestedMulti: {
    text: "ERR MULTI calls can not be nested",
    when: "MULTI after MULTI.",
  },
  withoutMulti: {
    text: "ERR {command} without MULTI",
    when: "EXEC or DISCARD without MULTI.",
  },
  noPublish: {
    text: "ERR okq sends the messages of okq:* itself, publish on another channel than '{channel}'",
    when: "PUBLISH on such a channel.",
  },
  subscribed: {
    text: "ERR Can't execute '{command}': only {allowed} are allowed in this context",
    when: "Another command on a connection in RESP2 that has subscribed to something.",
  },
  noCluster: {
    text: "ERR This instance has cluster support disabled",
    when: "CLUSTER: okq is one server to its clients, also on a Redis Cluster.",
  },
  noTracking: {
    text: "ERR okq has no client-side caching: turn it off in the driver (rueidis: DisableCache)",
    when: "CLIENT TRACKING ON without OPTIN.",
  },
  noHttp: {
    text: "ERR okq does not speak HTTP",
    when: "The client sent an HTTP request. okq closes the connection.",
  },
  ...connectionErrorTexts,
} as const satisfies Record<string, ErrorText>;
