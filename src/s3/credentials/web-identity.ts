// Credentials of a role for a token that the platform writes into a file, as in EKS.
import { readFileSync } from "node:fs";
import { elementOf, parseProblem } from "../s3-xml.ts";
import { ask, originOf, timeOf } from "./endpoint-request.ts";
import type { CredentialPlace, Credentials, Missing } from "./credentials.ts";
import type { Environment } from "./environment.ts";

const TIMEOUT_MS = 10_000;

export class WebIdentity implements CredentialPlace {
  readonly #env: Environment;
  readonly #region: string;

  constructor(env: Environment, region: string) {
    this.#env = env;
    this.#region = region;
  }

  async find(): Promise<Credentials | Missing> {
    const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role } = this.#env;
    if (!file) return { missing: "AWS_WEB_IDENTITY_TOKEN_FILE is not set" };
    if (!role) throw new Error("AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not");
    const body = new URLSearchParams({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: role,
      RoleSessionName: this.#env.AWS_ROLE_SESSION_NAME || "okq",
      WebIdentityToken: tokenIn(file),
    });
    const url = this.#url();
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const request = { url, headers, body: body.toString(), timeoutMs: TIMEOUT_MS };
    const { status, text } = await ask({ ...request, method: "POST", isLocal: false });
    return credentialsOf(status, text, `${originOf(url)} gives no credentials for ${role}`);
  }

  #url(): string {
    const { AWS_ENDPOINT_URL_STS: sts, AWS_ENDPOINT_URL: all } = this.#env;
    const suffix = this.#region.startsWith("cn-") ? ".cn" : "";
    return sts || all || `https://sts.${this.#region}.amazonaws.com${suffix}/`;
  }
}

/** Read again for each renewal: the platform replaces it. */
function tokenIn(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    const reason = (error as Error).message.split(",")[0];
    throw new Error(`AWS_WEB_IDENTITY_TOKEN_FILE: cannot read ${file} (${reason})`, {
      cause: error,
    });
  }
}

function credentialsOf(status: number, xml: string, failure: string): Credentials {
  const [id, secret] = [elementOf(xml, "AccessKeyId"), elementOf(xml, "SecretAccessKey")];
  if (status === 200 && id && secret) {
    const sessionToken = elementOf(xml, "SessionToken");
    const endMs = timeOf(elementOf(xml, "Expiration"));
    return { accessKeyId: id, secretAccessKey: secret, sessionToken, endMs };
  }
  const { code, message } = parseProblem(xml);
  throw new Error(`${failure}: ${`${status} ${code} ${message}`.trim()}`);
}
