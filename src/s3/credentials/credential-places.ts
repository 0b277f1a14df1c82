// The order in which okq looks for credentials, which is that of AWS' own programs.
import { ContainerCredentials } from "./container.ts";
import type { CredentialPlace, Credentials } from "./credentials.ts";
import type { Environment } from "./environment.ts";
import { EnvironmentKeys, GivenKeys } from "./fixed-keys.ts";
import { InstanceRole } from "./instance.ts";
import type { Profile } from "./profile.ts";
import { WebIdentity } from "./web-identity.ts";

export interface CredentialPlaceOptions {
  /** Null if no option gives keys. */
  keys: Omit<Credentials, "endMs"> | null;
  profile: Profile;
  /** An option names the profile, or its file: nothing else is looked at. */
  isProfileGiven: boolean;
  env: Environment;
  region: string;
}

export function credentialPlaces(options: CredentialPlaceOptions): CredentialPlace[] {
  const { keys, profile, isProfileGiven, env, region } = options;
  if (keys !== null) return [new GivenKeys(keys)];
  if (isProfileGiven) return [profile];
  return [
    new EnvironmentKeys(env),
    new WebIdentity(env, region),
    profile,
    new ContainerCredentials(env),
    new InstanceRole(env),
  ];
}
