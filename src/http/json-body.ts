// The JSON object of a request as fields.
import type { Given } from "./fields.ts";
import { textOf } from "./json.ts";
import { Problem } from "./problem.ts";
import { RAW } from "./raw-json.ts";

/** Throws a Problem. */
export function objectIn(json: Buffer, what = "the body"): Given {
  const text = textOf(json);
  if (text === null) throw new Problem(400, `${what} is not UTF-8`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Problem(400, `${what} is not JSON: ${(error as Error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Problem(400, `${what} must be a JSON object`);
  }
  const given = value as Given;
  given[RAW] = json;
  return given;
}
