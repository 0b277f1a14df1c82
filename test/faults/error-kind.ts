// What an error reply says, without the reason of a store that is away, which has many forms.

const DISCARDED = /^EXECABORT [^:]*: /;
const KINDS = [
  "LOADING store unavailable",
  "ERR store outcome unknown",
  // The object store was away for longer than --s3-timeout.
  "ERR store refused: cannot write",
];

export function kindOf(error: string): string {
  const [discarded = ""] = DISCARDED.exec(error) ?? [];
  const kind = KINDS.find((each) => error.startsWith(each, discarded.length));
  return kind === undefined ? error : discarded + kind;
}
