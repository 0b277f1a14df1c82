// Credentials that ECS and EKS offer to a container.
import { readFileSync } from "node:fs";
import { ask, parseCredentials } from "./endpoint-request.ts";
import type { CredentialPlace, Credentials, Missing } from "./credentials.ts";
import type { Environment } from "./environment.ts";

const ECS = "http://169.254.170.2";
const TIMEOUT_MS = 2000;
/** Over plain HTTP the token goes to services of this machine only. */
const LOCAL = /^(localhost|127(\.\d+){3}|169\.254\.170\.(2|23)|\[::1\]|\[fd00:ec2::23\])$/;

export class ContainerCredentials implements CredentialPlace {
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  async find(): Promise<Credentials | Missing> {
    const {
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: full,
    } = this.#env;
    if (relative) return this.#ask(`${ECS}${relative}`, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    if (full) return this.#ask(full, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    return { missing: "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set" };
  }

  async #ask(url: string, variable: string): Promise<Credentials> {
    const { protocol, hostname } = URL.parse(url) ?? {};
    if (protocol !== "https:" && !(protocol === "http:" && LOCAL.test(hostname!))) {
      throw new Error(`${variable} is neither https:// nor of this machine`);
    }
    const token = this.#token();
    const headers: Record<string, string> = token === null ? {} : { Authorization: token };
    try {
      const request = { url, headers, timeoutMs: TIMEOUT_MS, isLocal: protocol === "http:" };
      const { status, text } = await ask(request);
      if (status !== 200) throw new Error(`the answer is ${status}`);
      return parseCredentials(text);
    } catch (error) {
      throw new Error(`${variable}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Read again for each renewal: EKS replaces it. */
  #token(): string | null {
    const {
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
    } = this.#env;
    if (!file) return token || null;
    try {
      return readFileSync(file, "utf8").trim();
    } catch (error) {
      const reason = (error as Error).message.split(",")[0];
      throw new Error(`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: cannot read ${file} (${reason})`, {
        cause: error,
      });
    }
  }
}
