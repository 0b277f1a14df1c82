// The plan of a bench: its options, its servers, and the results of its sections.
import type { Servers } from "./servers.ts";

export interface Plan {
  servers: Servers;
  /** The command that starts okq. */
  okq: string[];
  rounds: number;
  seconds: number;
  isQuick: boolean;
  queues: number;
  /** `cell/contender`, where either part may be missing. Without filters everything runs. */
  filters: string[];
  /** Shows progress to the user. */
  say: (text: string) => void;
}

/** One row of the table of targets. */
export interface Verdict {
  text: string;
  measured: number;
  /** `at least 0.70` */
  target: string;
  isReached: boolean;
}

export interface Section {
  name: string;
  /** Prints its tables with `print` and returns its verdicts on the targets. */
  run: (plan: Plan, print: (text: string) => void) => Promise<Verdict[]>;
}

/** The name of a cell has parts joined with `x`; `50x1` selects all cells that begin with it. */
export function isSelected(plan: Plan, cell: string, contender: string): boolean {
  if (plan.filters.length === 0) return true;
  return plan.filters.some((filter) => {
    const [cellPart = "", contenderPart = ""] = filter.includes("/")
      ? filter.split("/")
      : /^[\dx]/.test(filter)
        ? [filter]
        : ["", filter];
    const wanted = cellPart.split("x");
    const actual = cell.split("x");
    return (
      contender.includes(contenderPart) &&
      wanted.every((part, n) => part === "" || part === actual[n])
    );
  });
}
