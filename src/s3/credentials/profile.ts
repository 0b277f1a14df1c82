// A profile in ~/.aws/credentials and ~/.aws/config, the files of AWS' own programs.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { CredentialPlace, Credentials, Missing } from "./credentials.ts";
import type { Environment } from "./environment.ts";

type Section = Readonly<Record<string, string>>;

export interface ProfileOptions {
  /** The name of a profile that somebody asked for; null for that of the environment. */
  name: string | null;
  /** The file with keys that somebody asked for; null for that of the environment. */
  file: string | null;
  env: Environment;
}

/** Settings that give credentials in ways which okq does not know. */
const foreign = ["credential_process", "sso_session", "sso_start_url", "role_arn", "login_session"];

export class Profile implements CredentialPlace {
  readonly #name: string;
  readonly #keysFile: string;
  readonly #configFile: string;
  /** Somebody asked for this profile, or for this file. */
  readonly #isAsked: boolean;

  constructor({ name, file, env }: ProfileOptions) {
    this.#name = name ?? (env.AWS_PROFILE || "default");
    this.#keysFile = file ?? homePath(env.AWS_SHARED_CREDENTIALS_FILE || "~/.aws/credentials");
    this.#configFile = homePath(env.AWS_CONFIG_FILE || "~/.aws/config");
    this.#isAsked = name !== null || file !== null || Boolean(env.AWS_PROFILE);
  }

  async find(): Promise<Credentials | Missing> {
    const [keys, config] = [this.#keysSection(), this.#configSection()];
    const section = keys?.aws_access_key_id ? keys : { ...config, ...keys };
    const { aws_access_key_id: id, aws_secret_access_key: secret } = section;
    if (id && secret) {
      const sessionToken = section.aws_session_token || null;
      return { accessKeyId: id, secretAccessKey: secret, sessionToken, endMs: null };
    }
    const profile = `profile ${JSON.stringify(this.#name)}`;
    const files = `${this.#keysFile} and ${this.#configFile}`;
    if (id) throw new Error(`${profile} in ${files} has no aws_secret_access_key`);
    if (secret) throw new Error(`${profile} in ${files} has no aws_access_key_id`);
    const unknown = foreign.find((name) => section[name]);
    if (unknown) {
      throw new Error(`${profile} in ${files} has ${unknown}, which okq does not know: use keys`);
    }
    const missing = `${profile} in ${files} has no aws_access_key_id`;
    if (this.#isAsked) throw new Error(missing);
    return { missing };
  }

  /** Null if no file says it. */
  region(): string | null {
    return this.#configSection()?.region || this.#keysSection()?.region || null;
  }

  /** Null if no file says it. */
  endpoint(): string | null {
    return this.#configSection()?.endpoint_url || null;
  }

  #keysSection(): Section | undefined {
    return sectionsOf(this.#keysFile).get(this.#name);
  }

  #configSection(): Section | undefined {
    const sections = sectionsOf(this.#configFile);
    const section = sections.get(`profile ${this.#name}`);
    return this.#name === "default" ? (section ?? sections.get("default")) : section;
  }
}

function homePath(path: string): string {
  return /^~(\/|$)/.test(path) ? join(homedir(), path.slice(1)) : path;
}

/** Empty if there is no such file. Throws a message of one line if it cannot be read. */
function sectionsOf(file: string): Map<string, Record<string, string>> {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      throw new Error(`cannot read ${file} (${message.split(",")[0]})`, { cause: error });
    }
  }
  return parseSections(text);
}

/** Lines that are indented belong to the setting above, and okq needs none of those. */
function parseSections(text: string): Map<string, Record<string, string>> {
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> = {};
  for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    const header = /^\[\s*(.*?)\s*\]/.exec(line);
    const [, name, value = ""] = /^(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (header) {
      const title = header[1]!.replace(/\s+/g, " ").replace(/["']/g, "");
      section = sections.get(title) ?? {};
      sections.set(title, section);
    } else if (name !== undefined) {
      section[name.toLowerCase()] = value.replace(/\s[#;].*$/, "");
    }
  }
  return sections;
}
