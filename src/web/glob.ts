// Patterns for people: a text without wildcards finds what contains it.

/** A glob of okq. "" for everything. */
export function globOf(text: string): string {
  return text === "" || /[*?[\\]/.test(text) ? text : `*${text}*`;
}
