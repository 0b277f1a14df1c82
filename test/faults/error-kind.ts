// What an error reply says, without the reason of a store that is away, which has many forms.

const AWAY = /^(EXECABORT [^:]*: )?(LOADING store unavailable|ERR store outcome unknown): .*$/s;

export function kindOf(error: string): string {
  return error.replace(AWAY, "$1$2");
}
