// Parses where an object store is: bucket and prefix, and its endpoint. Error texts are phrases
// such as "is not ...".

export interface S3Place {
  bucket: string;
  /** What the names of all objects begin with, without a / at its end; "" for the whole bucket. */
  prefix: string;
}

/** A name has at most 1024 bytes; what okq puts behind the prefix has less than 200. */
const PREFIX_CHARS_MAX = 800;

export function isS3Url(text: string): boolean {
  return /^s3:/i.test(text);
}

export function parseS3Url(text: string): S3Place {
  if (text.includes("@")) throw new Error("has an @: keys belong in the options --s3-...");
  const [, bucket, tail = ""] = /^s3:\/\/([^/]*)(?:\/(.*))?$/is.exec(text) ?? [];
  if (!bucket) throw new Error("is not of the form s3://bucket[/prefix]");
  if (!/^[a-z\d](?!.*\.\.)[\w.-]{1,61}[a-z\d]$/i.test(bucket)) {
    throw new Error("has no name of a bucket: 3 to 63 letters, digits, . - and _");
  }
  const prefix = tail.replace(/\/$/, "");
  if (prefix !== "" && !/^(?:\/(?!\.\.?(?:\/|$))[\w.~=-]+)+$/.test(`/${prefix}`)) {
    throw new Error("has a prefix with more than names of letters, digits, . - _ ~ = between /");
  }
  if (prefix.length > PREFIX_CHARS_MAX) {
    throw new Error(`has a prefix of more than ${PREFIX_CHARS_MAX} characters`);
  }
  return { bucket, prefix };
}

/** The URL of that place, without a / at its end. */
export function s3Url({ bucket, prefix }: S3Place): string {
  return prefix === "" ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
}

/** Returns the URL without a / at its end. */
export function checkEndpoint(text: string): string {
  if (text === "") return text;
  const url = /^https?:\/\/[^\s@?#]+$/i.test(text) ? URL.parse(text) : null;
  if (url === null) throw new Error("is not a URL such as https://s3.example.com");
  return url.href.replace(/\/$/, "");
}

export function checkEncryption(text: string): void {
  if (/^(|AES256|aws:kms|aws:kms:[\w:/.-]+)$/.test(text)) return;
  throw new Error("is not AES256, aws:kms or aws:kms:KEY");
}
