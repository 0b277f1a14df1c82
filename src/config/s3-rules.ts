// Rules for the options of an object store together, for example a key needs its secret.
import type { OptionName } from "./options.ts";
import { s3Location } from "./s3-location.ts";
import { contradiction, lacks, type SourcedConfig } from "./sourced-config.ts";

/** Other stores have no use for these, so setting one without an object store is a mistake. */
const S3_ONLY: OptionName[] = [
  "s3-endpoint",
  "s3-region",
  "s3-path-style",
  "s3-access-key-id",
  "s3-secret-access-key",
  "s3-secret-access-key-file",
  "s3-session-token",
  "s3-profile",
  "s3-credentials-file",
  "s3-ca",
  "s3-sse",
  "s3-timeout",
  "s3-min-interval",
  "s3-lease",
  "s3-scratch",
  "s3-advertise",
];
const SECRETS: OptionName[] = ["s3-secret-access-key", "s3-secret-access-key-file"];

/** The first mistake as a text of one line, or null. */
export function s3Mistake(sourced: SourcedConfig): string | null {
  const { config, isSet, isFlag } = sourced;
  if (s3Location(config) === null) {
    // With --store on the command line those of the environment are for another store.
    const unused = S3_ONLY.find((name) => isSet(name) && (isFlag(name) || !isFlag("store")));
    return unused ? lacks(sourced, unused, "s3://bucket/prefix as --store") : null;
  }
  if (isSet("fsync")) {
    return contradiction(
      sourced,
      "store",
      "fsync",
      "a change is in the object store before it is answered",
    );
  }
  if (isSet("s3-ca") && config.s3Endpoint.startsWith("http:")) {
    return contradiction(sourced, "s3-endpoint", "s3-ca", "http:// has no TLS");
  }
  return credentialsMistake(sourced);
}

function credentialsMistake(sourced: SourcedConfig): string | null {
  const { isSet } = sourced;
  const [secret, second] = SECRETS.filter(isSet);
  if (second) return contradiction(sourced, secret!, second);
  if (isSet("s3-access-key-id") && !secret) {
    return lacks(sourced, "s3-access-key-id", SECRETS.map((name) => `--${name}`).join(" or "));
  }
  const part = secret ?? (isSet("s3-session-token") ? "s3-session-token" : null);
  if (part && !isSet("s3-access-key-id")) return lacks(sourced, part, "--s3-access-key-id");
  const file = (["s3-profile", "s3-credentials-file"] as const).find(isSet);
  return secret && file ? contradiction(sourced, "s3-access-key-id", file) : null;
}
