// The table of metrics, as Markdown for the README.
import { type Family, fullName } from "./family.ts";
import { processFamilies } from "./process-families.ts";
import { queueFamilies } from "./queue-families.ts";
import { storeFamilies } from "./store-families.ts";

/** In the order in which /metrics shows them. */
export const families: Family[] = [...processFamilies, ...storeFamilies, ...queueFamilies];

export function metricsMarkdown(): string {
  const head = "| metric | type | of | meaning |\n| --- | --- | --- | --- |";
  return `${head}\n${families.map(rowOf).join("\n")}\n`;
}

function rowOf(family: Family): string {
  const { type, labels = [], of, help } = family;
  const name = labels.length > 0 ? `${fullName(family)}{${labels.join(", ")}}` : fullName(family);
  return `| \`${name}\` | ${type === "info" ? "gauge" : type} | ${of} | ${help} |`;
}
