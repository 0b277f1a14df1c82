// The Lua scripts that okq knows: two programs read queues as lists with them. okq compares texts
// without their white space, and remembers the SHA1 sums of those that it knows.
import { createHash } from "node:crypto";

export type KnownScript = "keda" | "logstash";

/** KEDA's scaler of lists: how long a list is, or how many members a set has. */
const KEDA_TEXT = `
		local listName = KEYS[1]
		local listType = redis.call('type', listName).ok
		local cmd = {
			zset = 'zcard',
			set = 'scard',
			list = 'llen',
			hash = 'hlen',
			none = 'llen'
		}

		return redis.call(cmd[listType], listName)
	`;

/** Logstash's input of lists: takes one more event than its argument says. */
const LOGSTASH_TEXT = `      local batchsize = tonumber(ARGV[1])
      local result = redis.call('lrange', KEYS[1], 0, batchsize)
      redis.call('ltrim', KEYS[1], batchsize + 1, -1)
      return result
`;

const byText = new Map<string, KnownScript>([
  [collapsed(KEDA_TEXT), "keda"],
  [collapsed(LOGSTASH_TEXT), "logstash"],
]);

function collapsed(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

/** More bytes of text are of another script. */
const TEXT_BYTES_MAX = 1024;
/** Texts with other white space than those above; older ones are forgotten. */
const REMEMBERED_MAX = 64;

export class KnownScripts {
  /** By the SHA1 sums of their texts above, and of texts that clients sent, the oldest first. */
  readonly #always = new Map<string, KnownScript>([
    [shaOf(Buffer.from(KEDA_TEXT)), "keda"],
    [shaOf(Buffer.from(LOGSTASH_TEXT)), "logstash"],
  ]);
  readonly #remembered = new Map<string, KnownScript>();

  /** The script with that text, if okq knows it; from now on it is known by its SHA1 sum too. */
  withText(text: Buffer): { sha: string; script: KnownScript } | undefined {
    const isShort = text.length <= TEXT_BYTES_MAX;
    const script = isShort ? byText.get(collapsed(text.toString("latin1"))) : undefined;
    if (!script) return undefined;
    const sha = shaOf(text);
    if (this.#always.has(sha)) return { sha, script };
    this.#remembered.delete(sha);
    this.#remembered.set(sha, script);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > REMEMBERED_MAX) this.#remembered.delete(oldest!);
    return { sha, script };
  }

  /** undefined: okq does not know it. */
  withSha(sha: Buffer): KnownScript | undefined {
    if (sha.length !== SHA_LENGTH) return undefined;
    const name = sha.toString("latin1").toLowerCase();
    return this.#always.get(name) ?? this.#remembered.get(name);
  }
}

/** In hexadecimal. */
const SHA_LENGTH = 40;

function shaOf(text: Buffer): string {
  return createHash("sha1").update(text).digest("hex");
}
