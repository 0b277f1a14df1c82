// The options of an object store, a part of the table of options.
import { parseAddress } from "./address.ts";
import { expandHome } from "./home-path.ts";
import { boolean, fileName, secret, string, time } from "./option.ts";
import { checkEncryption, checkEndpoint } from "./s3-url.ts";

export const s3Options = {
  "s3-endpoint": string(
    "",
    "URL",
    checkEndpoint,
    "object store to use, if it is not that of AWS: https://host[:port]; the default is " +
      "AWS_ENDPOINT_URL_S3",
  ),
  "s3-region": string(
    "",
    "NAME",
    checkRegion,
    "region of the bucket; the default is AWS_REGION, that of the profile, or us-east-1",
  ),
  "s3-path-style": boolean(
    "the bucket is in the path of URLs and not in the name of the host, as MinIO wants it; " +
      "always so if the endpoint is an IP address or localhost",
  ),
  "s3-access-key-id": string(
    "",
    "ID",
    () => {},
    "access key of the object store; without one okq looks at AWS_ACCESS_KEY_ID, web identity, " +
      "~/.aws/credentials, and what ECS, EKS or EC2 offer, in this order",
  ),
  "s3-secret-access-key": secret(
    "KEY",
    "secret of that access key; prefer the file, as others can see flags and environments",
  ),
  "s3-secret-access-key-file": fileName("file with the secret of that access key"),
  "s3-session-token": secret("TOKEN", "token of that access key, if it is a temporary one"),
  "s3-profile": string(
    "",
    "NAME",
    () => {},
    "profile in the files with credentials; the default is AWS_PROFILE, or default",
  ),
  "s3-credentials-file": fileName(
    "file with access keys by profile; the default is AWS_SHARED_CREDENTIALS_FILE, or " +
      "~/.aws/credentials",
  ),
  "s3-ca": fileName("certificates (PEM) of authorities to trust, not the usual ones"),
  "s3-sse": string(
    "",
    "KIND",
    checkEncryption,
    "encryption to ask the object store for: AES256, aws:kms, or aws:kms:KEY; empty for that of " +
      "the bucket",
  ),
  "s3-timeout": time(
    "ms",
    10_000,
    100,
    60_000,
    "milliseconds until a change that the object store did not confirm fails; its outcome may " +
      "be reported as unknown",
  ),
  "s3-min-interval": time(
    "ms",
    0,
    0,
    60_000,
    "milliseconds between two writes at least: fewer requests to pay for, and later answers",
  ),
  "s3-lease": time(
    "ms",
    5000,
    100,
    60_000,
    "milliseconds that an okq may be silent until another one takes over; the same for all okq " +
      "processes of a bucket",
  ),
  "s3-scratch": string(
    "",
    "DIR",
    expandHome,
    "folder for a file that need not outlive okq; the default is that for temporary files",
  ),
  "s3-advertise": string(
    "",
    "HOST:PORT",
    checkReachable,
    "address under which other okq processes and clients reach this one; the default is the " +
      "address it listens on, or the first one of the machine",
  ),
};

function checkRegion(text: string): void {
  if (!/^[\w-]*$/.test(text)) throw new Error("is not the name of a region, such as eu-central-1");
}

function checkReachable(text: string): void {
  if (text === "") return;
  const { hostname, port } = parseAddress(text);
  if (port === 0) throw new Error("has port 0");
  if (hostname === "::" || hostname === "0.0.0.0") throw new Error("has no host to connect to");
}
