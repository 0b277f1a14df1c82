// Keys from options, and from the AWS_ variables of the environment.
import type { CredentialPlace, Credentials, Missing } from "./credentials.ts";
import type { Environment } from "./environment.ts";

export class GivenKeys implements CredentialPlace {
  readonly #keys: Credentials;

  constructor(keys: Omit<Credentials, "endMs">) {
    this.#keys = { ...keys, endMs: null };
  }

  async find(): Promise<Credentials> {
    return this.#keys;
  }
}

export class EnvironmentKeys implements CredentialPlace {
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  async find(): Promise<Credentials | Missing> {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = this.#env;
    if (!id && !secret) return { missing: "AWS_ACCESS_KEY_ID is not set" };
    if (!secret) throw new Error("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not");
    if (!id) throw new Error("AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not");
    const sessionToken = this.#env.AWS_SESSION_TOKEN || null;
    return { accessKeyId: id, secretAccessKey: secret, sessionToken, endMs: null };
  }
}
