// The error replies about logins and rights, the connection, and what bounds a client. See
// error-texts.ts.

export interface ErrorText {
  /** Names in braces stand for values. Bytes that a client sent come last: they could be a code. */
  text: string;
  /** When a client gets it. */
  when: string;
}

export const connectionErrorTexts = {
  // Logins and rights.
  loginRequired: {
    text: "NOAUTH Authentication required.",
    when: "The client has to log in first.",
  },
  helloFirst: {
    text:
      "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO " +
      "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the " +
      "RESP protocol version at the same time",
    when: "HELLO without AUTH before a login.",
  },
  wrongPassword: {
    text: "WRONGPASS invalid username-password pair or user is disabled.",
    when: "There is no such user, or the password is wrong.",
  },
  noPasswordSet: {
    text:
      "ERR AUTH <password> called without any password configured for the default user. " +
      "Are you sure your configuration is correct?",
    when: "AUTH with a password alone, and okq was started without passwords.",
  },
  tooManyLogins: {
    text: "ERR too many logins in progress, try again later",
    when: "Too many passwords are being checked.",
  },
  noCommandRight: {
    text: "NOPERM User {user} has no permissions to run the '{command}' command",
    when: "The user lacks the right to the command.",
  },
  noFormRight: {
    text: "NOPERM User {user} has no permissions to run this form of '{command}', it needs {group}",
    when: "The user may run other forms of the command, for example QCONFIG without values.",
  },
  noPushRight: {
    text: "NOPERM User {user} has no permissions to push into the queue '{queue}'",
    when:
      "QMOVE, LMOVE and the like into that queue, QBIND of it, or QCONFIG with it as " +
      "`failed-to`: no `push`.",
  },
  noQueueRight: {
    text: "NOPERM User {user} has no permissions to use the queue '{queue}'",
    when: "The user may not use that queue. Nothing was done.",
  },
  noPublishRight: {
    text: "NOPERM User {user} has no permissions to publish on the channel '{channel}'",
    when: "PUBLISH on a channel whose name the patterns of the user do not fit.",
  },
  noChannelRight: {
    text: "NOPERM User {user} has no permissions to inspect queues, as the channel '{channel}'",
    when: "SUBSCRIBE to the channel of a queue, by a user without the right `inspect`.",
  },
  // The connection.
  protocolVersionNoInteger: {
    text: "ERR Protocol version is not an integer or out of range",
    when: "HELLO with a version that is not a number.",
  },
  protocolVersion: {
    text: "NOPROTO unsupported protocol version",
    when: "HELLO with a version other than 2 and 3.",
  },
  helloOption: {
    text: "ERR Syntax error in HELLO option '{option}'",
    when: "HELLO with an unknown option, or with one whose values are missing.",
  },
  notAnInteger: {
    text: "ERR value is not an integer or out of range",
    when: "SELECT or a list command with an index or a count that is not a number.",
  },
  databaseIndex: {
    text: "ERR DB index is out of range",
    when: "SELECT with another index than 0.",
  },
  clientName: {
    text: "ERR {name} cannot contain spaces, newlines or special characters, or be too long.",
    when: "A client's name or library has more than 256 bytes, or bytes that are not allowed.",
  },
  // CLIENT.
  clientAttribute: {
    text: "ERR Unrecognized option '{attribute}'",
    when: "CLIENT SETINFO with another attribute than lib-name and lib-ver.",
  },
  clientId: {
    text: "ERR Invalid client ID",
    when: "CLIENT LIST ID or CLIENT UNBLOCK with an id that is not a number.",
  },
  unblockReason: {
    text: "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
    when: "CLIENT UNBLOCK with another word.",
  },
  clientType: {
    text: "ERR Unknown client type '{type}'",
    when: "CLIENT LIST or CLIENT KILL with an unknown TYPE.",
  },
  noSuchClient: {
    text: "ERR No such client",
    when: "CLIENT KILL with an address that no client has.",
  },
  noSuchUser: {
    text: "ERR No such user '{user}'",
    when: "CLIENT KILL USER with an unknown user.",
  },
  maxAge: {
    text: "ERR maxage is not an integer or out of range",
    when: "CLIENT KILL MAXAGE with a value that is not a number.",
  },
  notPositive: {
    text: "ERR {name} should be greater than 0",
    when:
      "CLIENT KILL ID or MAXAGE with 0 or less, or ID with a value that is not a number; LMPOP " +
      "or BLMPOP with such a number of queues or events.",
  },
  killFilter: {
    text: "ERR syntax error, CLIENT KILL has no filter '{filter}'",
    when: "CLIENT KILL with an unknown filter, or SKIPME with a value other than yes and no.",
  },
  replyMode: {
    text: "ERR syntax error, CLIENT REPLY takes ON, OFF or SKIP",
    when: "CLIENT REPLY with another word.",
  },
  onOrOff: {
    text: "ERR syntax error, the argument must be ON or OFF",
    when: "CLIENT NO-EVICT, NO-TOUCH or RELEASE with another word.",
  },
  // OKQ FORWARD.
  notServing: {
    text: "ERR this okq does not serve yet, cannot reach its bucket, or has another secret",
    when: "OKQ FORWARD, by which an okq on the same bucket passes commands on.",
  },
  // OKQ BACKUP.
  backupPath: {
    text: "ERR the file's path must be absolute",
    when: "OKQ BACKUP with a relative path.",
  },
  backupElsewhere: {
    text: "ERR the queues are in Redis: back up Redis",
    when: "OKQ BACKUP, and the store is not a file.",
  },
  backupFile: {
    text: "ERR the file must exist and be empty, as okq backup creates it",
    when: "OKQ BACKUP with a file that does not exist or is not empty.",
  },
  // Limits on the input of a client, and on clients.
  eventTooLarge: {
    text: "ERR event too large, {bytes} of at most {bytesMax} bytes (--max-event-bytes)",
    when:
      "An event, or another argument, is too large. The command was not done. okq closes the " +
      "connection if it is more than 1 GiB too large.",
  },
  commandTooLarge: {
    text: "ERR command too large, {bytes} of at most {bytesMax} bytes",
    when: "All arguments together have too many bytes.",
  },
  noSuchCommand: {
    text: "ERR Invalid command specified",
    when: "COMMAND GETKEYS of a command that does not exist.",
  },
  noKeys: {
    text: "ERR The command has no key arguments",
    when: "COMMAND GETKEYS of a command on no queue.",
  },
  countOfCommand: {
    text: "ERR Invalid number of arguments specified for command",
    when: "COMMAND GETKEYS with too few or too many arguments of that command.",
  },
  argumentsOfCommand: {
    text: "ERR Invalid arguments specified for command",
    when: "COMMAND GETKEYS with arguments that name no queue, though the command needs one.",
  },
  tooLargeBeforeLogin: {
    text: "ERR Protocol error: unauthenticated bulk length",
    when: "A command before a login has more than 8 KiB. okq closes the connection.",
  },
  protocol: {
    text: "ERR {problem}",
    when: "okq closes the connection.",
  },
  stalled: {
    text: "ERR the command was not completed while other clients waited for memory",
    when:
      "The memory for incomplete commands is used up, and this one was not completed in time. " +
      "okq closes the connection.",
  },
  tooManyClients: {
    text: "ERR max number of clients reached",
    when: "As many clients as `--max-clients` allows are connected. okq closes the connection.",
  },
  tooManyClientsOfAddress: {
    text: "ERR max number of clients reached for this address, see max-clients-per-address",
    when: "Too many clients are connected from that address. okq closes the connection.",
  },
  denied: {
    text:
      "DENIED okq has no password, so it serves only clients on its own machine. To serve " +
      "others, start it with --password-file or --users, or with --tls-client-ca.",
    when: "The client is on another machine. okq closes the connection.",
  },
} as const satisfies Record<string, ErrorText>;
