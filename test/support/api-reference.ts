// The table of the API's routes, for the README: made from their descriptions.
import { base64Name } from "../../src/http/json.ts";
import type { Route } from "../../src/http/route.ts";
import { routes } from "../../src/http/routes/all.ts";

export function apiReferenceMarkdown(): string {
  const head = "| request | command | fields | answer | what it does |\n| - | - | - | - | - |";
  return `${head}\n${routes.map(rowOf).join("\n")}`;
}

function rowOf(route: Route): string {
  const cells = [
    `\`${route.method} ${route.path}\``,
    route.command,
    fieldsOf(route),
    answerOf(route),
    route.summary,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function fieldsOf({ fields = {} }: Route): string {
  const names = Object.entries(fields).flatMap(([name, field]) => {
    const all = Object.keys(field.schemas(name)).filter((each) => each !== base64Name(name));
    const isJson = all.includes("json");
    const shown = isJson ? `${name}\` or \`json` : name;
    return field.isRequired ? `**\`${shown}\`**` : `\`${shown}\``;
  });
  return names.join(" ");
}

function answerOf(route: Route): string {
  if ("open" in route) return `${route.mediaType}`;
  const { properties = {} } = route.answer.schema as { properties?: Record<string, unknown> };
  const names = Object.keys(properties);
  const plain = names.filter((name) => !names.some((each) => base64Name(each) === name));
  return plain.map((name) => `\`${name}\``).join(" ");
}
