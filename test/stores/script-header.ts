// Parses the header of a Lua file and compares calls and replies with it. Throws at words that no
// header has used so far.

/** Tells whether an argument fits. */
type Argument = (argument: string) => boolean;

interface Arguments {
  first: Argument[];
  /** A group of arguments that is repeated any number of times. */
  repeated: Argument[];
}

const NUMBERS = new Set(["queue", "index", "limit", "count"]);

/** The text after "-- ARGV" or "-- Returns", on all its lines, without remarks in brackets. */
export function headerOf(script: string, word: "ARGV" | "Returns"): string {
  const found = new RegExp(`^-- ${word}\\b(.*(?:\\n-- {4,}.*)*)`, "m").exec(script);
  if (!found) throw new Error(`no line "-- ${word}"`);
  return found[1]!
    .replaceAll(/\n-- */g, " ")
    .replaceAll(/ \([^)]*\)(?!\.\.\.)/g, "")
    .trim();
}

function argumentOf(word: string): Argument {
  if (word.endsWith("?")) {
    const fits = argumentOf(word.slice(0, -1));
    return (text) => text === "" || fits(text);
  }
  if (/^[A-Z]+(\|[A-Z]+)*$/.test(word)) return (text) => word.split("|").includes(text);
  const isNumber = NUMBERS.has(word) || word.endsWith("Ms");
  return isNumber ? (text) => /^-?\d+(\.\d+)?$/.test(text) : () => true;
}

/** "queue A|B id...", "ttlMs (name, count)..." or nothing at all. */
function argumentsOf(header: string): Arguments {
  const [, fixed = "", group, last] = /^(.*?)(?:\(([^)]*)\)\.\.\.|(\S+)\.\.\.)?$/.exec(header)!;
  const words = (text: string) => text.split(text.includes(",") ? /, */ : /\s+/).filter(Boolean);
  return {
    first: words(fixed.trim()).map(argumentOf),
    repeated: words(group ?? last ?? "").map(argumentOf),
  };
}

/** Whether the arguments of a call fit the header. */
export function fitsArguments(header: string, call: string[]): boolean {
  const { first, repeated } = argumentsOf(header);
  const rest = call.slice(first.length);
  if (call.length < first.length || (repeated.length === 0 && rest.length > 0)) return false;
  if (repeated.length > 0 && rest.length % repeated.length > 0) return false;
  return (
    first.every((fits, at) => fits(call[at]!)) &&
    rest.every((argument, at) => repeated[at % repeated.length]!(argument))
  );
}

const STATES = "ready delayed claimed failed completed";
const NUMBERED = "total processing consumers in out stream claim time step place number";
const COUNTS = new Set(`${STATES} ${NUMBERED}`.split(" "));
const TEXTS = new Set(["id", "contents", "value", "name"]);

/** n for a number, t for a text, t? for a text or nil, as [t-] within a list. */
function kindOf(word: string): string {
  if (word === "next") return "t?";
  if (word === "contents?") return "[t-]";
  if (word === "places") return "\\[t*\\]";
  if (COUNTS.has(word)) return "n";
  if (TEXTS.has(word)) return "t";
  throw new Error(`"${word}" in the results of a verb`);
}

function kindsOf(text: string): string {
  const [words = ""] = text.split(/ \.\.\.|,| for every/);
  const each = words.trim().replace(/^(.+) \1$/, "$1");
  return each.split(/\s+/).map(kindOf).join("");
}

/** A pattern for the kinds of a reply: n, t, - for nil, and lists in brackets. */
function replyOf(header: string): RegExp {
  if (header.startsWith("nil, or a list of")) return /^(\[.*\]|[n-])$/;
  if (header.startsWith("nil")) return /^-$/;
  if (/^(a list of|what became of it)/.test(header)) return /^(\[.*\]|n)$/;
  if (header.startsWith("how many are left")) return /^(n|-|\[nt\])$/;
  if (/^(how many|the place,|1 if|1, or 0)/.test(header)) return /^n$/;
  if (
    header.startsWith("of each") ||
    header.startsWith("for each") ||
    header.startsWith("what add_status") ||
    header.startsWith("the next after")
  )
    return /^\[.*\]$/;
  if (header.startsWith("1, 0 or nil")) return /^[n-]$/;
  if (header.startsWith("what was moved")) return /^(\[.*\]|[n-])$/;
  if (/^what (facts_of|shown_cron)/.test(header)) return /^(\[.*\]|-)$/;
  if (header.startsWith("the places")) return /^\[n*\]$/;
  const [head, each] = header.split(", then ");
  if (each) {
    const kinds = `${kindsOf(head!).replace("t?", "[t-]")}(${kindsOf(each)})*`;
    return new RegExp(
      each.includes("or an empty list") ? `^\\[(${kinds})?\\]$` : `^\\[${kinds}\\]$`,
    );
  }
  const isMany = /\.\.\.|for every/.test(header);
  const kinds = kindsOf(header);
  if (isMany) return new RegExp(`^\\[(${kinds})*\\]$`);
  return header.includes("or nil") ? new RegExp(`^(\\[${kinds}\\]|-)$`) : /^$/;
}

function written(reply: unknown): string {
  if (Array.isArray(reply)) return `[${reply.map(written).join("")}]`;
  if (reply === null) return "-";
  return typeof reply === "number" ? "n" : "t";
}

/** Whether a reply fits the header. */
export function fitsReply(header: string, reply: unknown): boolean {
  return replyOf(header).test(written(reply));
}
