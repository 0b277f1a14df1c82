// Start here: bun run many [store ...] [--of states|lines|members] [--line WORD] [--events N]
// [--executable FILE]. Measures what millions of events cost: memory, the operations beside them, a
// restart. Takes minutes and gigabytes, so it is not a part of the bench.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { repository } from "./contenders.ts";
import { measureLines } from "./many-lines.ts";
import { measureMembers } from "./many-members.ts";
import { measureStates } from "./many-states.ts";
import { type ManyStore, manyStores } from "./many-stores.ts";
import { Servers } from "./servers.ts";

type Measure = (stores: ManyStore[], events: number | null, word: string) => Promise<void>;

/** Each prints its tables. */
const kinds: Record<string, Measure> = {
  states: measureStates,
  lines: measureLines,
  members: measureMembers,
};

const { values, positionals } = parseArgs({
  args: Bun.argv.slice(2),
  allowPositionals: true,
  options: {
    of: { type: "string", default: "states" },
    line: { type: "string", default: "" },
    events: { type: "string" },
    executable: { type: "string", default: join(repository, "dist/okq") },
  },
});

const servers = new Servers();
try {
  const measure = kinds[values.of];
  if (!measure) throw new Error(`unknown kind ${values.of}: ${Object.keys(kinds).join(", ")}`);
  const stores = manyStores(servers, [values.executable], positionals);
  const events = values.events === undefined ? null : Number(values.events);
  await measure(stores, events, values.line);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await servers.stop();
  process.exit();
}
