// Credentials of the role of an EC2 instance, by version 2 of its metadata service.
import { ask, type EndpointRequest, parseCredentials } from "./endpoint-request.ts";
import type { CredentialPlace, Credentials, Missing } from "./credentials.ts";
import type { Environment } from "./environment.ts";

const DEFAULT_ENDPOINT = "http://169.254.169.254";
const TIMEOUT_MS = 1000;
const TOKEN_LIFE_S = "300";
const ROLES = "/latest/meta-data/iam/security-credentials/";

export class InstanceRole implements CredentialPlace {
  readonly #endpoint: string;
  readonly #isDisabled: boolean;
  #hasAnswered = false;

  constructor(env: Environment) {
    const endpoint = env.AWS_EC2_METADATA_SERVICE_ENDPOINT || DEFAULT_ENDPOINT;
    this.#endpoint = endpoint.replace(/\/$/, "");
    this.#isDisabled = env.AWS_EC2_METADATA_DISABLED?.toLowerCase() === "true";
  }

  /** Not to be on EC2 is no error, unless there were credentials before. */
  async find(): Promise<Credentials | Missing> {
    if (this.#isDisabled) return { missing: "AWS_EC2_METADATA_DISABLED is true" };
    try {
      const credentials = await this.#ask();
      this.#hasAnswered = true;
      return credentials;
    } catch (error) {
      const missing = `EC2 metadata: ${(error as Error).message}`;
      if (this.#hasAnswered) throw new Error(missing, { cause: error });
      return { missing };
    }
  }

  async #ask(): Promise<Credentials> {
    const token = await this.#text("/latest/api/token", {
      method: "PUT",
      headers: { "X-aws-ec2-metadata-token-ttl-seconds": TOKEN_LIFE_S },
    });
    const headers = { "X-aws-ec2-metadata-token": token };
    const roles = await this.#text(ROLES, { headers });
    const role = roles.split("\n")[0]!.trim();
    return parseCredentials(await this.#text(`${ROLES}${role}`, { headers }));
  }

  async #text(path: string, request: Partial<EndpointRequest>): Promise<string> {
    const url = this.#endpoint + path;
    const answer = await ask({ url, timeoutMs: TIMEOUT_MS, isLocal: true, ...request });
    if (answer.status === 200) return answer.text;
    if (answer.status === 404) throw new Error("the instance has no role");
    throw new Error(`the answer to ${path} is ${answer.status}`);
  }
}
