// okq on an object store: its speed against the ideal of one commit per put, its start with a long
// backlog, how long a takeover takes, and what its requests cost. The store is the stand-in of the
// tests, with 30 ms for each put.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import { cost } from "./objects/cost.ts";
import { cycles, push } from "./objects/speed.ts";
import { start } from "./objects/start.ts";
import { takeover } from "./objects/takeover.ts";
import { isSelected, type Section, type Verdict } from "./plan.ts";

const parts = { cycles, push, start, takeover, cost };

export const objects: Section = {
  name: "objects",
  run: async (plan, print) => {
    const verdicts: Verdict[] = [];
    for (const [name, part] of Object.entries(parts)) {
      if (isSelected(plan, "objects", name)) verdicts.push(...(await part(plan, print)));
    }
    return verdicts;
  },
};
