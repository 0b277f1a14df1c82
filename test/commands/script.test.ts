// EVAL, EVALSHA and SCRIPT over the wire: the two scripts that okq knows do what they do in Redis.
import { createHash } from "node:crypto";
import { describe, expect, test } from "bun:test";
import { startOkqOn, startTestOkq, startTestRedis, storeNames } from "../support/okq-server.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { ask, askAll } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import { Wire } from "../support/wire.ts";

/** pkg/scalers/redis_scaler.go of KEDA 2, byte for byte. */
const KEDA = `
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
const KEDA_SHA = "249269d94f90c85be8630a56564ef51c1b3b851b";

/** lib/logstash/inputs/redis.rb of logstash-input-redis 3. */
const LOGSTASH = `      local batchsize = tonumber(ARGV[1])
      local result = redis.call('lrange', KEYS[1], 0, batchsize)
      redis.call('ltrim', KEYS[1], batchsize + 1, -1)
      return result
`;

const shaOf = (text: string) => createHash("sha1").update(text).digest("hex");

describe.each(storeNames)("on %s", (store) => {
  test("the scripts answer as in Redis", async () => {
    const [okq, redis] = [await startOkqOn(store), await startTestRedis()];
    const clients = [await okq.connect(), closeAfterTest(await Wire.connect(redis.port))];
    const commands = [
      ["SCRIPT", "LOAD", KEDA],
      ["SCRIPT", "LOAD", LOGSTASH],
      ["SCRIPT", "EXISTS", KEDA_SHA, shaOf(LOGSTASH).toUpperCase(), "none"],
      ["EVALSHA", KEDA_SHA, "1", "l"],
      ["EVALSHA", shaOf(LOGSTASH), "1", "l", "124"],
      ["RPUSH", "l", "a", "b", "c", "d", "e"],
      ["EVAL", KEDA, "1", "l"],
      ["EVALSHA", KEDA_SHA.toUpperCase(), "2", "l", "m", "x"],
      ["EVALSHA", shaOf(LOGSTASH), "1", "l", "1"],
      ["EVAL", LOGSTASH, "1", "l", "0"],
      ["LRANGE", "l", "0", "-1"],
      ["EVAL", LOGSTASH.replaceAll(/\s+/g, "\n"), "1", "l", "124"],
      ["EVAL", KEDA, "1", "l"],
      ["EXISTS", "l"],
      ["SADD", "s", "a", "b"],
      ["EVAL", KEDA, "1", "s"],
      ["RPUSH", "l", "a", "b"],
      ["MULTI"],
      ["EVAL", LOGSTASH, "1", "l", "0"],
      ["EVALSHA", KEDA_SHA, "1", "l"],
      ["EXEC"],
    ];
    for (const command of commands) {
      const [own, its] = await Promise.all(clients.map((client) => ask(client!, ...command)));
      expect([command, own]).toEqual([command, its]);
    }
    expect(await ask(clients[0]!, "EVAL", LOGSTASH, "1", "s", "0")).toBe(
      "-WRONGTYPE Operation against a key holding the wrong kind of value",
    );
  });
});

test("a Logstash takes all events once, beside another one", async () => {
  const okq = await startTestOkq();
  const [one, two] = [await okq.connect(), await okq.connect()];
  const pushed = Array.from({ length: 1000 }, (_, n) => `${n}`);
  await ask(one, "RPUSH", "l", ...pushed);
  const taken: string[] = [];
  const takeAll = async (client: Wire) => {
    for (;;) {
      const some = (await ask(client, "EVALSHA", shaOf(LOGSTASH), "1", "l", "6")) as string[];
      if (some.length === 0) return;
      taken.push(...some);
    }
  };
  await Promise.all([takeAll(one), takeAll(two)]);
  expect(taken.toSorted()).toEqual(pushed.toSorted());
});

test("any other script is refused, and one that is not known by its sum too", async () => {
  const client = await (await startTestOkq()).connect();
  const refused =
    "-ERR okq runs no scripts, except those of KEDA's list scaler and Logstash's Redis input";
  const others = [
    "return 1",
    "",
    `${LOGSTASH} return 2`,
    LOGSTASH.replace("lrange", "lpop"),
    " ".repeat(2000),
  ];
  for (const text of others) {
    expect(await ask(client, "EVAL", text, "1", "l")).toBe(refused);
    expect(await ask(client, "SCRIPT", "LOAD", text)).toBe(refused);
  }
  expect(await ask(client, "EVALSHA", shaOf("return 1"), "0")).toBe(
    "-NOSCRIPT No matching script. Please use EVAL.",
  );
  expect(await ask(client, "EVAL", KEDA, "0")).toBe("-ERR this script needs a key");
  await ask(client, "RPUSH", "l", "a");
  for (const number of [[], ["-1"], ["x"], ["1.5"]]) {
    const reply = String(await ask(client, "EVAL", LOGSTASH, "1", "l", ...number));
    expect(reply).toMatch(/^-ERR (this script needs a number|value is not an integer)/);
  }
  expect(await ask(client, "LLEN", "l")).toBe(1);
});

test("okq forgets the texts of other white space, the oldest first", async () => {
  const client = await (await startTestOkq()).connect();
  const texts = Array.from({ length: 65 }, (_, n) => `${LOGSTASH}${" ".repeat(n + 1)}`);
  for (const text of texts) await ask(client, "SCRIPT", "LOAD", text);
  const sums = [texts[0]!, texts[1]!, texts[64]!, LOGSTASH, KEDA].map(shaOf);
  expect(await ask(client, "SCRIPT", "EXISTS", ...sums)).toEqual([0, 1, 1, 1, 1]);
});

test("the scripts need the rights of what they do, and to their keys", async () => {
  const users = writeUsers("eye inspect mail*", "mouth consume mail*", "all all *");
  const okq = await startTestOkq({ users: users.path });
  const as = async (name: string) => {
    const client = await okq.connect();
    await ask(client, "AUTH", name, passwordOf(name));
    return client;
  };
  const [eye, mouth, all] = [await as("eye"), await as("mouth"), await as("all")];
  await askAll(all, ["RPUSH", "mail", "a"], ["RPUSH", "sms", "a"]);
  expect(await ask(eye, "EVAL", KEDA, "1", "mail")).toBe(1);
  expect(await ask(eye, "EVALSHA", shaOf(LOGSTASH), "1", "mail", "0")).toStartWith(
    "-NOPERM User eye",
  );
  expect(await ask(mouth, "EVAL", KEDA, "1", "mail")).toStartWith("-NOPERM User mouth");
  expect(await ask(eye, "EVAL", KEDA, "1", "sms")).toBe(
    "-NOPERM User eye has no permissions to use the queue 'sms'",
  );
  expect(await ask(mouth, "EVAL", LOGSTASH, "1", "sms", "0")).toStartWith("-NOPERM User mouth");
  expect(await ask(mouth, "EVAL", LOGSTASH, "1", "mail", "0")).toEqual(["a"]);
});
