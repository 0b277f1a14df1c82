// Checks values against the part of JSON Schema that okq's OpenAPI document uses. Objects may have
// only the properties that their schema names.

export type Schema = Record<string, unknown>;

/** What is wrong, each with its place; none if the value fits. Throws for an unknown keyword. */
export function complaints(value: unknown, schema: Schema, root: Schema, at = "$"): string[] {
  const { $ref, ...own } = schema;
  if (typeof $ref === "string") return complaints(value, resolve($ref, root), root, at);
  const found: string[] = [];
  for (const [keyword, argument] of Object.entries(own)) {
    const check = keywords[keyword];
    if (!check) throw new Error(`unknown keyword ${keyword} at ${at}`);
    found.push(...check({ value, argument, schema, root, at }));
  }
  return found;
}

function resolve(reference: string, root: Schema): Schema {
  const names = reference.replace(/^#\//, "").split("/");
  return names.reduce<unknown>((part, name) => (part as Schema)[name], root) as Schema;
}

interface Check {
  value: unknown;
  argument: unknown;
  schema: Schema;
  root: Schema;
  at: string;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeOf(value) === "object";
}

const nothing = () => [];

const keywords: Record<string, (check: Check) => string[]> = {
  description: nothing,
  type({ value, argument, at }) {
    const types = [argument].flat() as string[];
    const type = typeOf(value);
    const fits =
      types.includes(type) || (types.includes("integer") && Number.isInteger(value as number));
    return fits ? [] : [`${at} is of type ${type}, not ${types.join(" or ")}`];
  },
  enum({ value, argument, at }) {
    return (argument as unknown[]).includes(value) ? [] : [`${at} is ${JSON.stringify(value)}`];
  },
  const: ({ value, argument, at }) => (value === argument ? [] : [`${at} is not ${argument}`]),
  contentEncoding({ value, at }) {
    const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(value as string);
    return isBase64 ? [] : [`${at} is not base64`];
  },
  properties({ value, argument, schema, root, at }) {
    if (!isObject(value)) return [];
    const known = argument as Record<string, Schema>;
    return Object.entries(value).flatMap(([name, each]) => {
      const own = Object.hasOwn(known, name) ? known[name] : undefined;
      if (own) return complaints(each, own, root, `${at}.${name}`);
      return isObject(schema.additionalProperties) ? [] : [`${at}.${name} is not described`];
    });
  },
  additionalProperties({ value, argument, schema, root, at }) {
    if (!isObject(value) || !isObject(argument)) return [];
    const known = Object.keys((schema.properties as object) ?? {});
    return Object.entries(value)
      .filter(([name]) => !known.includes(name))
      .flatMap(([name, each]) => complaints(each, argument, root, `${at}.${name}`));
  },
  required({ value, argument, at }) {
    if (!isObject(value)) return [];
    const missing = (argument as string[]).filter((name) => !Object.hasOwn(value, name));
    return missing.map((name) => `${at}.${name} is missing`);
  },
  items({ value, argument, root, at }) {
    if (!Array.isArray(value)) return [];
    return value.flatMap((each, place) =>
      complaints(each, argument as Schema, root, `${at}[${place}]`),
    );
  },
  minItems: ({ value, argument, at }) =>
    (value as unknown[]).length < (argument as number) ? [`${at} is too short`] : [],
  maxItems: ({ value, argument, at }) =>
    (value as unknown[]).length > (argument as number) ? [`${at} is too long`] : [],
  oneOf({ value, argument, root, at }) {
    const fitting = (argument as Schema[]).filter(
      (each) => complaints(value, each, root, at).length === 0,
    );
    return fitting.length === 1 ? [] : [`${at} fits ${fitting.length} of oneOf`];
  },
  allOf: ({ value, argument, root, at }) =>
    (argument as Schema[]).flatMap((each) => complaints(value, each, root, at)),
};
