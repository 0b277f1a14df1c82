// The house rules as functions from a file's path and text to complaints.
import { dirname, join } from "node:path/posix";

const lineCharsMax = 100;
const fileLinesMax = 400;
const functionLinesMax = 70;

/** The folders of src, and the folders that each may import besides itself. "" is src itself. */
const mayImport: Record<string, string[]> = {
  log: [],
  resp: [],
  queue: [],
  users: ["runtime"],
  config: [],
  runtime: [],
  s3: ["queue"],
  stores: ["queue", "resp", "runtime", "s3"],
  commands: ["queue", "resp", "runtime", "users"],
  admission: ["commands", "resp"],
  server: ["admission", "commands", "queue", "resp", "users"],
  http: ["admission", "commands", "queue", "resp", "users"],
  web: [],
  client: ["queue"],
  app: [
    "admission",
    "commands",
    "config",
    "http",
    "log",
    "queue",
    "resp",
    "s3",
    "server",
    "stores",
    "users",
  ],
  testing: ["app", "client", "commands", "config", "log", "queue", "resp", "server", "stores"],
  cli: ["app", "client", "commands", "config", "log", "queue", "s3", "stores", "users"],
  "": ["app", "cli", "config", "log"],
};
/** These folders may import files that are not code: Lua scripts, JSON and the page. */
const importsText = new Set(["stores", "http", "app", "cli"]);

export function importComplaints(path: string, text: string): string[] {
  const [root, ...rest] = path.split("/");
  if (root !== "src") return [];
  const folder = rest.length > 1 ? rest[0]! : "";
  const allowed = mayImport[folder];
  if (allowed === undefined) return [`${path}: no rule says what ${folder}/ may import`];
  if (folder === "" && path !== "src/main.ts") return [`${path}: belongs in a folder`];
  const complaints: string[] = [];
  for (const specifier of relativeImports(text)) {
    const target = join(dirname(path), specifier).split("/");
    const isText = /\.(json|lua|html)$/.test(specifier);
    const isAllowed = isText
      ? importsText.has(folder)
      : target[0] === "src" && [folder, ...allowed].includes(target[1]!);
    if (!isAllowed) complaints.push(`${path}: ${folder}/ must not import ${specifier}`);
  }
  return complaints;
}

/** Imports of values and of types. */
function relativeImports(text: string): string[] {
  const specifiers = text.matchAll(/(?:from|import|import\()\s*"(\.[^"]*)"/g);
  return [...specifiers].map(([, specifier]) => specifier!);
}

/** Finds circles of imports, whose files cannot be read one by one. */
export function cycleComplaints(files: ReadonlyMap<string, string>): string[] {
  const complaints: string[] = [];
  const finished = new Set<string>();
  const visit = (path: string, way: string[]) => {
    const text = files.get(path);
    if (text === undefined || finished.has(path)) return;
    if (way.includes(path)) {
      const cycle = [...way.slice(way.indexOf(path)), path];
      complaints.push(`import cycle: ${cycle.join(" -> ")}`);
      return;
    }
    for (const specifier of relativeImports(text)) {
      visit(join(dirname(path), specifier), [...way, path]);
    }
    finished.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return complaints;
}

/** Only src/main.ts ends the process. */
export function exitComplaints(path: string, text: string): string[] {
  const ends = /\bprocess\s*\.\s*(exit\s*\(|exitCode\s*=|abort\s*\(|kill\s*\(\s*process\.pid)/;
  if (!path.startsWith("src/") || path === "src/main.ts" || !ends.test(text)) return [];
  return [`${path}: ends the process, which only src/main.ts may do`];
}

export function openingComplaints(path: string, text: string): string[] {
  return /^(#!.*\n)?(\/\/|--) ?\S/.test(text) ? [] : [`${path}: does not open with a comment`];
}

/** The files with error texts. The README lists all of them. */
const errorTables =
  /^src\/(commands\/((connection|stream)-)?error-texts|resp\/protocol-error)\.ts$/;

export function errorTextComplaints(path: string, text: string): string[] {
  const isServed = /^src\/(commands|resp|server)\//.test(path) && !errorTables.test(path);
  const codes =
    /["`]-?(ERR|LOADING|NOAUTH|NOPERM|NOPROTO|WRONGPASS|EXECABORT|DENIED|DUPLICATE|QUEUEFULL|PAUSED|NOGROUP|BUSYGROUP) /;
  const found = codes.exec(isServed ? withoutComments(text) : "");
  return found ? [`${path}: an error text, ${found[0]}: it belongs in a table of errors`] : [];
}

function withoutComments(text: string): string {
  return text.replace(/^\s*(\/\/|\/?\*).*$/gm, "");
}

/** Benchmarks may sleep, tests may not. */
export function sleepComplaints(path: string, text: string): string[] {
  const isTest = path.startsWith("test/") && !path.startsWith("test/bench/");
  if (!isTest || path === "test/support/eventually.ts") return [];
  const sleeps = [/\bsleep(Sync)?\(/, /timers\/promises/, /=>\s*\{?\s*setTimeout\(\s*\w+\s*,/];
  const isSleep = sleeps.some((pattern) => pattern.test(text));
  return isSleep ? [`${path}: sleeps; use test/support/eventually.ts or a signal`] : [];
}

/** An assertion on a promise that is not awaited may fail after the end of the test. */
export function awaitComplaints(path: string, text: string): string[] {
  const unawaited = /^\s*(?:void )?expect\([^;]*?\)\s*\.(rejects|resolves)\b/m.exec(text);
  return unawaited ? [`${path}: does not await .${unawaited[1]}`] : [];
}

/** Lines that cannot be broken may be longer: URLs and data without blanks. */
export function lengthComplaints(path: string, text: string): string[] {
  const lines = text.split("\n");
  const complaints: string[] = [];
  if (lines.length - 1 > fileLinesMax) complaints.push(`${path}: ${lines.length - 1} lines`);
  for (const [index, line] of lines.entries()) {
    const isData = line.includes("https://") || /\S{80}/.test(line);
    if (line.length > lineCharsMax && !isData) {
      complaints.push(`${path}:${index + 1}: ${line.length} characters`);
    }
  }
  return complaints;
}

const suiteEntry = /^\s+(test|describe|check)(\.\w+)*\(/;

/**
 * Relies on the formatter: a function ends at the first line that is indented like its head and
 * closes a brace. A suite of tests may be longer, but not each of its tests.
 */
export function functionComplaints(path: string, text: string): string[] {
  const lines = text.split("\n");
  const complaints: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (!opensFunction(line)) continue;
    const indent = /^ */.exec(line)![0];
    const rest = lines.slice(index + 1);
    const end = rest.findIndex((candidate) => candidate.startsWith(`${indent}}`));
    const holdsTests = rest.slice(0, end).some((inner) => suiteEntry.test(inner));
    const isSuite = path.startsWith("test/") && holdsTests;
    if (end + 2 > functionLinesMax && !isSuite) {
      complaints.push(`${path}:${index + 1}: a function of ${end + 2} lines`);
    }
  }
  return complaints;
}

function opensFunction(line: string): boolean {
  if (/^\s*(if|for|while|switch|catch|\}|\/\/|\*)/.test(line)) return false;
  const isArrow = line.endsWith("=> {");
  const isNamed = /^\s*(export )?(default )?(async )?function\b/.test(line);
  const isMethod = /^\s+((static|async|get|set|private|override) )*[#\w[\].]+(<.*>)?\(.*$/;
  return isArrow || isNamed || (isMethod.test(line) && /[({]$/.test(line) && !/=/.test(line));
}

export function wordComplaints(path: string, text: string): string[] {
  // Written in two parts, so that this file passes its own rule.
  const found = new RegExp(`\\b(${"TO"}${"DO"}|${"FIX"}${"ME"})\\b`).exec(text);
  return found ? [`${path}: ${found[0]} left in`] : [];
}

export function nameComplaints(path: string): string[] {
  const name = path.split("/").at(-1)!;
  const stem = name.slice(0, name.indexOf("."));
  const complaints: string[] = [];
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.\w+$/.test(name)) {
    complaints.push(`${path}: is not named in kebab-case`);
  }
  if (/^(utils?|helpers?|common|types?|misc|index)$/.test(stem)) {
    complaints.push(`${path}: "${stem}" says nothing, or is a barrel`);
  }
  return complaints;
}

/** What users of the package import must be in one file. */
const publicInterfaces = new Set(["src/client/client.ts", "src/testing/testing.ts"]);

/** A file that only re-exports. */
export function barrelComplaints(path: string, text: string): string[] {
  if (publicInterfaces.has(path)) return [];
  const reexports = /^export (type )?(\*|\{[^}]*\})( as \w+)? from /m.test(text);
  return reexports ? [`${path}: re-exports: import from where the thing is`] : [];
}

export function scriptComplaints(path: string, text: string): string[] {
  const header = /^(--.*\n)*/.exec(text)![0];
  return ["KEYS", "ARGV", "Returns"]
    .filter((word) => !new RegExp(`^-- ${word}\\b`, "m").test(header))
    .map((word) => `${path}: its header lacks a line "-- ${word}"`);
}

/** The rules for TypeScript files. */
export const sourceRules = [
  importComplaints,
  exitComplaints,
  openingComplaints,
  lengthComplaints,
  functionComplaints,
  wordComplaints,
  nameComplaints,
  barrelComplaints,
  sleepComplaints,
  awaitComplaints,
  errorTextComplaints,
];
