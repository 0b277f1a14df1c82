// The URLs of a bucket and its objects.

export interface S3Address {
  bucket: string;
  /** Such as https://s3.example.com, without a / at its end. */
  endpoint: string;
  /** Whether the bucket is in the path, and not in the name of the host. */
  isPathStyle: boolean;
}

/** The endpoint of AWS in that region. */
export function awsEndpoint(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

/** The URL of an object; of the bucket itself for the key "". */
export function urlOf(
  { bucket, endpoint, isPathStyle }: S3Address,
  key: string,
  query: Record<string, string> = {},
): URL {
  const path = key.split("/").map(encodeURIComponent).join("/");
  const base = isPathStyle
    ? `${endpoint}/${bucket}`
    : endpoint.replace(/^(https?:\/\/)/, `$1${bucket}.`);
  const url = new URL(`${base}/${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}
