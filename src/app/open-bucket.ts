// Opens the bucket that a Config names, with the credentials that options, the environment or the
// machine give.
import type { Config } from "../config/options.ts";
import { needsPathStyle, s3Location } from "../config/s3-location.ts";
import { checkEndpoint } from "../config/s3-url.ts";
import type { Log } from "../log/log.ts";
import { credentialPlaces } from "../s3/credentials/credential-places.ts";
import { CredentialSource } from "../s3/credentials/credential-source.ts";
import type { Environment } from "../s3/credentials/environment.ts";
import { Profile } from "../s3/credentials/profile.ts";
import { awsEndpoint } from "../s3/s3-address.ts";
import { S3Bucket } from "../s3/s3-bucket.ts";
import { readText } from "./read-text.ts";
import { secretOf } from "./secret-file.ts";

const DEFAULT_REGION = "us-east-1";
/** So many requests may fail until a change does. */
const REQUESTS_PER_TIMEOUT = 3;

/**
 * Connects to nothing. Throws a message of one line about an option or a file that cannot be used,
 * also if the Config names another store.
 */
export function openBucket(config: Config, log: Log, env: Environment = process.env): S3Bucket {
  const location = s3Location(config);
  if (location === null) throw new Error("the queues are not in an object store");
  const { bucket, prefix } = location;
  const profile = new Profile({
    name: config.s3Profile || null,
    file: config.s3CredentialsFile || null,
    env,
  });
  const region =
    location.region ??
    (env.AWS_REGION || env.AWS_DEFAULT_REGION || profile.region() || DEFAULT_REGION);
  const endpoint = location.endpoint ?? endpointOf(env, profile) ?? awsEndpoint(region);
  const credentials = new CredentialSource({
    places: credentialPlaces({
      keys: keysOf(config),
      profile,
      isProfileGiven: config.s3Profile !== "" || config.s3CredentialsFile !== "",
      env,
      region,
    }),
    onProblem: (error) => log.warn("new credentials cannot be had, okq tries again", { error }),
  });
  return new S3Bucket({
    bucket,
    prefix,
    endpoint,
    region,
    isPathStyle: location.isPathStyle || needsPathStyle(bucket, endpoint),
    credentials,
    ca: config.s3Ca ? readText("s3-ca", config.s3Ca) : null,
    encryption: config.s3Sse,
    timeoutMs: Math.ceil(config.s3Timeout / REQUESTS_PER_TIMEOUT),
  });
}

function endpointOf(env: Environment, profile: Profile): string | null {
  const variable = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].find((name) => env[name]);
  const endpoint = variable ? env[variable]! : profile.endpoint();
  if (endpoint === null) return null;
  try {
    return checkEndpoint(endpoint);
  } catch (error) {
    const source = variable ?? "endpoint_url of the profile";
    throw new Error(`${source}: the value ${(error as Error).message}`, { cause: error });
  }
}

function keysOf(config: Config) {
  const { s3AccessKeyId: accessKeyId, s3SecretAccessKey, s3SecretAccessKeyFile } = config;
  const secretAccessKey = secretOf(
    "s3-secret-access-key-file",
    s3SecretAccessKeyFile,
    s3SecretAccessKey,
  );
  if (accessKeyId === "" || secretAccessKey === null) return null;
  return { accessKeyId, secretAccessKey, sessionToken: config.s3SessionToken || null };
}
