// Where the object store is, according to the options of a Config.
import { isIP } from "node:net";
import type { Config } from "./options.ts";
import { isS3Url, parseS3Url, type S3Place } from "./s3-url.ts";

export interface S3Location extends S3Place {
  /** Null if the AWS_ variables or a profile say it, or else for that of AWS in the region. */
  endpoint: string | null;
  /** Null if the AWS_ variables or a profile say it. */
  region: string | null;
  isPathStyle: boolean;
}

/** Null if the queues are not in an object store. */
export function s3Location({
  store,
  s3Endpoint,
  s3Region,
  s3PathStyle,
}: Config): S3Location | null {
  if (!isS3Url(store)) return null;
  const endpoint = s3Endpoint || null;
  return { ...parseS3Url(store), endpoint, region: s3Region || null, isPathStyle: s3PathStyle };
}

/**
 * Whether the bucket is in the path of URLs although nobody asked for it: an address has no names
 * below it, and neither DNS nor the certificate of *.host has names with other characters.
 */
export function needsPathStyle(bucket: string, endpoint: string): boolean {
  const { hostname } = new URL(endpoint);
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, "")) !== 0;
  return isAddress || hostname === "localhost" || /[^a-z\d-]/.test(bucket);
}
