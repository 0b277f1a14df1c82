// Families whose values okq has at hand, and from where they come.
import type { Context } from "../../commands/context.ts";
import type { HttpFigures } from "../http-figures.ts";
import type { Family, Sample } from "./family.ts";

export interface Source {
  context: Context;
  http: HttpFigures;
  /** What the store says of itself, as INFO shows it. */
  facts: ReadonlyMap<string, string | number>;
}

export interface SourceFamily extends Family {
  /** None: the family is left out. */
  read(source: Source): Sample[];
}
