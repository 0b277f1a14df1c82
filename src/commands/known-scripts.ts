// The Lua scripts that okq knows: two programs read queues as lists with them. okq runs no Lua. It
// knows a script by its text, whatever its white space, and does the same as the script in one step.
import { createHash } from "node:crypto";
import { LIST_STEP_MAX, WRONG_TYPE } from "../queue/lists.ts";
import type { Right } from "../users/user.ts";
import type { Answer } from "./answer.ts";
import type { QueueCall } from "./command.ts";
import { commandError } from "./errors.ts";
import { integerOf, resultOf } from "./list-arguments.ts";
import { PoppedEvents } from "./popped-events.ts";
import { Submission } from "./submission.ts";

/** The keys and the other arguments of a call. */
export interface ScriptArguments {
  keys: Buffer[];
  rest: Buffer[];
}

export interface KnownScript {
  right: Right;
  run(args: ScriptArguments, call: QueueCall): Submission;
}

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

const KEDA: KnownScript = {
  right: "inspect",
  run({ keys }) {
    const queue = keys[0]!;
    return Submission.two(
      { kind: "listLength", queue },
      { kind: "setCount", queue },
      (length, members) => resultOf(length === WRONG_TYPE ? members : length, queue),
    );
  },
};

const LOGSTASH: KnownScript = {
  right: "consume",
  run({ keys, rest }, { context }) {
    const last = rest[0] ? integerOf(rest[0]) : -1;
    if (last < 0) throw commandError("scriptNumber");
    const count = Math.min(last + 1, LIST_STEP_MAX);
    const queue = keys[0]!;
    return Submission.one(
      { kind: "listPop", queues: keys.slice(0, 1), end: "left", count },
      (r): Answer => {
        const popped = resultOf(r, queue);
        context.stats.pops += popped.length;
        const contents = popped.map((event) => event.contents);
        return popped.length === 0 ? [] : new PoppedEvents(context.store, popped, contents, false);
      },
    );
  },
};

const byText = new Map([
  [collapsed(KEDA_TEXT), KEDA],
  [collapsed(LOGSTASH_TEXT), LOGSTASH],
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
    [shaOf(Buffer.from(KEDA_TEXT)), KEDA],
    [shaOf(Buffer.from(LOGSTASH_TEXT)), LOGSTASH],
  ]);
  readonly #remembered = new Map<string, KnownScript>();

  /** The script with that text; from now on it is known by its SHA1 sum too. */
  withText(text: Buffer): { sha: string; script: KnownScript } {
    const isShort = text.length <= TEXT_BYTES_MAX;
    const script = isShort ? byText.get(collapsed(text.toString("latin1"))) : undefined;
    if (!script) throw commandError("unknownScript");
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
