// What an error reply says, without the reason of the store, which has many forms.

const DISCARDED = /^EXECABORT [^:]*: /;
const KINDS = ["LOADING store unavailable", "ERR store outcome unknown", "ERR store refused"];

export function kindOf(error: string): string {
  const [discarded = ""] = DISCARDED.exec(error) ?? [];
  const kind = KINDS.find((each) => error.startsWith(each, discarded.length));
  return kind === undefined ? error : discarded + kind;
}
