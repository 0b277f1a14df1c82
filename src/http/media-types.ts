// The media types of the API, and how fields are called where they stand in headers.

export const JSON_TYPE = "application/json";
export const OCTETS = "application/octet-stream";
/** A JSON value in each line. */
export const LINES = "application/x-ndjson";
export const PROBLEM = "application/problem+json";

/** `uniqueUntil` becomes `Okq-Unique-Until`, `idBase64` becomes `Okq-Id-Base64`. */
export function headerName(field: string): string {
  const dashed = field.replace(/[A-Z]/g, (capital) => `-${capital}`);
  return `Okq-${dashed.replace(/^\w/, (first) => first.toUpperCase())}`;
}
