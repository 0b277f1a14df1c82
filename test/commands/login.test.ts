// AUTH, HELLO ... AUTH, RESET and ACL WHOAMI over the wire: which logins succeed, which commands
// work before a login, and that commands sent after a login wait for it.
import { describe, expect, test } from "bun:test";
import { cpuMsOf, leastCpuMsOf } from "../support/cpu-time.ts";
import { eventually } from "../support/eventually.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { ask, askAll, type ReadableMap } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

const NOAUTH = "-NOAUTH Authentication required.";
const WRONGPASS = "-WRONGPASS invalid username-password pair or user is disabled.";

async function withUsers(...users: string[]): Promise<TestOkq> {
  return await startTestOkq({ users: writeUsers(...users).path });
}

test("before a login refuses all but AUTH, HELLO, QUIT and RESET, also unknown ones", async () => {
  const client = await (await startTestOkq({ password: "secret" })).connect();
  for (const command of ["PING", "QSTATUS", "INFO", "COMMAND", "nonsense", "MULTI", "EXEC"]) {
    expect(await ask(client, command)).toBe(NOAUTH);
  }
  expect(await ask(client, "CLIENT", "LIST")).toBe(NOAUTH);
  expect(await ask(client, "AUTH")).toStartWith("-ERR wrong number of arguments for 'auth'");
  expect(await ask(client, "HELLO")).toStartWith("-NOAUTH HELLO must be called with the client");
  expect(await ask(client, "HELLO", 3)).toStartWith("-NOAUTH HELLO must be called with the");
  expect(await ask(client, "RESET")).toBe("+RESET");
  expect(await ask(client, "QUIT")).toBe("+OK");
});

describe("the password of user default", () => {
  test("works with and without the name, and gives all rights", async () => {
    const okq = await startTestOkq({ password: "secret" });
    for (const login of [["secret"], ["default", "secret"]]) {
      const client = await okq.connect();
      const replies = await askAll(
        client,
        ["AUTH", ...login],
        ["ACL", "WHOAMI"],
        ["QLPUSH", "q", login.length, "x"],
      );
      expect(replies).toEqual(["+OK", "default", "+OK"]);
    }
  });

  test("is compared in full", async () => {
    const okq = await startTestOkq({ password: "secret" });
    const wrongs = ["", "secre", "secret\n", "x".repeat(2000)];
    const replies = wrongs.map(async (wrong) => {
      const client = await okq.connect();
      return await askAll(client, ["AUTH", wrong], ["PING"]);
    });
    expect(await Promise.all(replies)).toEqual(wrongs.map(() => [WRONGPASS, NOAUTH]));
  });

  test("does not work with another name", async () => {
    const client = await (await startTestOkq({ password: "secret" })).connect();
    expect(await ask(client, "AUTH", "ann", "secret")).toBe(WRONGPASS);
    expect(await ask(client, "PING")).toBe(NOAUTH);
  });
});

describe("a user in the users file", () => {
  test("logs in with name and password, and CLIENT LIST shows the name", async () => {
    const client = await (await withUsers("ann all *")).connect();
    expect(await ask(client, "AUTH", "ann", passwordOf("ann"))).toBe("+OK");
    expect(await ask(client, "ACL", "WHOAMI")).toBe("ann");
    expect(await ask(client, "CLIENT", "LIST")).toContain(" user=ann ");
  });

  test("is remembered: the second login with a slow hash takes hardly any time", async () => {
    const file = writeUsers();
    const costs = { algorithm: "argon2id", memoryCost: 65_536, timeCost: 3 } as const;
    const hash = await Bun.password.hash("secret", costs);
    file.write(`ann ${hash} all *\n`);
    const okq = await startTestOkq({ users: file.path });
    const logIn = async () => {
      const client = await okq.connect();
      expect(await ask(client, "AUTH", "ann", "secret")).toBe("+OK");
    };
    const firstMs = await cpuMsOf(() => Promise.all(Array.from({ length: 16 }, logIn)));
    expect(await leastCpuMsOf(3, logIn)).toBeLessThan(firstMs / 4);
    // Logins that arrive together cost one comparison.
    const verifyMs = await cpuMsOf(() => Bun.password.verify("secret", hash));
    expect(firstMs).toBeLessThan(verifyMs * 6);
  });

  test("is checked once if many connections send the same wrong password", async () => {
    const file = writeUsers();
    const costs = { algorithm: "argon2id", memoryCost: 65_536, timeCost: 3 } as const;
    const hash = await Bun.password.hash("secret", costs);
    file.write(`ann ${hash} all *\n`);
    const okq = await startTestOkq({ users: file.path });
    const clients = await Promise.all(Array.from({ length: 16 }, () => okq.connect()));
    const startedAt = performance.now();
    const replies = clients.map((client) => ask(client, "AUTH", "ann", "wrong"));
    expect(await Promise.all(replies)).toEqual(clients.map(() => WRONGPASS));
    const tookMs = performance.now() - startedAt;
    const verifiedAt = performance.now();
    await Bun.password.verify("wrong", hash);
    expect(tookMs).toBeLessThan((performance.now() - verifiedAt) * 6);
  });

  test("cannot log in with a wrong password, and neither can an unknown user", async () => {
    const okq = await withUsers("ann all *");
    const client = await okq.connect();
    expect(await ask(client, "AUTH", "ann", "wrong")).toBe(WRONGPASS);
    expect(await ask(client, "AUTH", passwordOf("ann"), "ann")).toBe(WRONGPASS);
    expect(await ask(client, "AUTH", passwordOf("ann"))).toBe(WRONGPASS);
    expect(await ask(client, "PING")).toBe(NOAUTH);
    const warnings = okq.log.filter((line) => line.includes("login failed"));
    const names = warnings.map((line) => / user=(\S+)/.exec(line)![1]);
    expect(names).toEqual(["ann", "(unknown)", "(unknown)"]);
    expect(warnings[0]).toContain("warn");
    expect(warnings[0]).toContain("addr=127.0.0.1:");
    expect(okq.log.join("")).not.toContain("password");
  });

  test("may be called default, for AUTH with a password alone", async () => {
    const client = await (await withUsers("default push *")).connect();
    expect(await ask(client, "AUTH", passwordOf("default"))).toBe("+OK");
    expect(await ask(client, "ACL", "WHOAMI")).toBe("default");
    expect(await ask(client, "QSTATUS")).toStartWith("-NOPERM");
  });
});

test("runs commands sent together with a login with the rights of that user", async () => {
  const okq = await withUsers("ann push *");
  const good = await okq.connect();
  const push = ["QLPUSH", "q", "1", "x"];
  expect(await askAll(good, push, ["AUTH", "ann", passwordOf("ann")], push, push)).toEqual([
    NOAUTH,
    "+OK",
    "+OK",
    "-ERR duplicate event 1",
  ]);
  const bad = await okq.connect();
  expect(await askAll(bad, ["AUTH", "ann", "wrong"], push)).toEqual([WRONGPASS, NOAUTH]);
});

test("a failed login changes nothing", async () => {
  const client = await (await withUsers("ann all *")).connect();
  const right = ["AUTH", "ann", passwordOf("ann")];
  const replies = await askAll(client, right, ["AUTH", "ann", "wrong"], ["ACL", "WHOAMI"]);
  expect(replies).toEqual(["+OK", WRONGPASS, "ann"]);
});

describe("HELLO with AUTH", () => {
  test("logs in, sets the name, and answers in the new protocol", async () => {
    const client = await (await withUsers("ann all *")).connect();
    const hello = ["HELLO", 3, "AUTH", "ann", passwordOf("ann"), "SETNAME", "worker"];
    const [greeting, ...rest] = await askAll(
      client,
      hello,
      ["CLIENT", "GETNAME"],
      ["ACL", "WHOAMI"],
    );
    expect((greeting as ReadableMap).map).toMatchObject({ proto: 3, server: "redis" });
    expect(rest).toEqual(["worker", "ann"]);
  });

  test("that fails changes nothing", async () => {
    const okq = await withUsers("ann all *", "bob all *");
    const client = await okq.connect();
    await ask(client, "HELLO", 2, "AUTH", "ann", passwordOf("ann"), "SETNAME", "one");
    const wrong = ["HELLO", 3, "SETNAME", "two", "AUTH", "bob", "wrong"];
    expect(await ask(client, ...wrong)).toBe(WRONGPASS);
    const bobs = ["AUTH", "bob", passwordOf("bob")];
    expect(await ask(client, "HELLO", 3, ...bobs, "SETNAME", "a b")).toStartWith("-ERR Client na");
    expect(await ask(client, "HELLO", 4, ...bobs)).toStartWith("-NOPROTO");
    const line = (await ask(client, "CLIENT", "INFO")) as string;
    expect(line).toContain(" name=one ");
    expect(line).toContain(" user=ann ");
    expect(line).toContain(" resp=2");
  });
});

test("RESET logs out", async () => {
  const client = await (await startTestOkq({ password: "secret" })).connect();
  const replies = await askAll(client, ["AUTH", "secret"], ["PING"], ["RESET"], ["PING"]);
  expect(replies).toEqual(["+OK", "+PONG", "+RESET", NOAUTH]);
});

test("a login as another user ends registrations that this user has no right to", async () => {
  const okq = await withUsers("ann consume,inspect *", "bob consume mail*", "eve push *");
  const watcher = await okq.connect();
  await ask(watcher, "AUTH", "ann", passwordOf("ann"));
  const consumers = async () => {
    const rows = (await ask(watcher, "QSTATUS", "mail", "sms")) as [
      string,
      number,
      number,
      number,
    ][];
    return rows.map((row) => row[3]);
  };
  const client = await okq.connect();
  await ask(client, "AUTH", "ann", passwordOf("ann"));
  await ask(client, "QREGISTER", "mail", "sms");
  expect(await consumers()).toEqual([1, 1]);
  await ask(client, "AUTH", "bob", passwordOf("bob"));
  await eventually(async () => expect(await consumers()).toEqual([1, 0]) === undefined);
  await ask(client, "HELLO", 3, "AUTH", "eve", passwordOf("eve"));
  await eventually(async () => expect(await consumers()).toEqual([0, 0]) === undefined);
});

test("large or many arguments before a login close the connection", async () => {
  const okq = await startTestOkq({ password: "secret" });
  const large = await okq.connect();
  large.send("*2\r\n$4\r\nAUTH\r\n$20000\r\n");
  expect(await large.untilClosed()).toHaveLength(1);
  const many = await okq.connect();
  many.send("*11\r\n");
  expect(await many.untilClosed()).toHaveLength(1);
  const several = await okq.connect();
  several.send(`*4\r\n$5\r\nHELLO\r\n$5000\r\n${"x".repeat(5000)}\r\n$5000\r\n`);
  expect(await several.untilClosed()).toHaveLength(1);
  const line = await okq.connect();
  line.send("x".repeat(10_000));
  expect(await line.untilClosed()).toHaveLength(1);
  const known = await okq.connect();
  const contents = "x".repeat(200_000);
  expect(await askAll(known, ["AUTH", "secret"], ["QLPUSH", "q", "1", contents])).toEqual([
    "+OK",
    "+OK",
  ]);
});

test("CONFIG GET, INFO and the log show no passwords", async () => {
  const okq = await startTestOkq({ password: "hunter2", debug: true });
  const client = await okq.connect();
  await ask(client, "AUTH", "hunter2");
  const options = (await ask(client, "CONFIG", "GET", "*")) as string[];
  expect(options[options.indexOf("password") + 1]).toBe("(secret)");
  const all = JSON.stringify([
    options,
    await ask(client, "INFO"),
    await ask(client, "CLIENT", "LIST"),
  ]);
  expect(all + okq.log.join("")).not.toContain("hunter2");
});

test("a client that disconnects while its login waits does not affect others", async () => {
  const okq = await withUsers("ann all *");
  const clients = await Promise.all(Array.from({ length: 20 }, () => okq.connect()));
  for (const client of clients) client.pipeline(["AUTH", "ann", "wrong"], ["PING"]);
  for (const client of clients) client.reset();
  const ann: Wire = await okq.connect();
  expect(await ask(ann, "AUTH", "ann", passwordOf("ann"))).toBe("+OK");
  await eventually(
    async () => ((await ask(ann, "CLIENT", "LIST")) as string).split("\n").length === 2,
  );
});
