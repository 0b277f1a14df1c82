// Compares a value with the part of it that a test expects.
import { inspect, isDeepStrictEqual } from "node:util";

/**
 * Each difference as one line, such as `contents.to is "bob", not "ann"`; none if all fits. Of an
 * object only the fields that are expected count, and a RegExp fits every text that it finds itself
 * in. Arrays have as many elements as expected.
 */
export function differences(actual: unknown, expected: unknown, path = ""): string[] {
  if (expected instanceof RegExp) {
    const isFound = typeof actual === "string" && new RegExp(expected).test(actual);
    return isFound ? [] : [`${nameOf(path)} is ${shown(actual)}, which does not fit ${expected}`];
  }
  if (!isPlain(expected)) {
    const isSame = isDeepStrictEqual(actual, expected);
    return isSame ? [] : [`${nameOf(path)} is ${shown(actual)}, not ${shown(expected)}`];
  }
  if (typeof actual !== "object" || actual === null) {
    return [`${nameOf(path)} is ${shown(actual)}, not ${shown(expected)}`];
  }
  if (Array.isArray(expected) && (actual as unknown[]).length !== expected.length) {
    return [`${nameOf(path)} is ${shown(actual)}, not ${shown(expected)}`];
  }
  const fields = actual as Record<string, unknown>;
  return Object.entries(expected).flatMap(([name, part]) =>
    differences(fields[name], part, path === "" ? name : `${path}.${name}`),
  );
}

/** In one line, if it is not long. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: 100, maxStringLength: 500, maxArrayLength: 20 });
}

function isPlain(value: unknown): value is Record<string, unknown> | unknown[] {
  if (Array.isArray(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function nameOf(path: string): string {
  return path === "" ? "it" : path;
}
