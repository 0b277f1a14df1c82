// The users file while okq runs: changed rights take effect at once, clients of removed users are
// closed, and a broken file changes nothing.
import { expect, test } from "bun:test";
import { existsSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { cheapHash, passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

const NOPERM = "-NOPERM User ann has no permissions to ";

async function logInAs(okq: Pick<TestOkq, "connect">, name: string): Promise<Wire> {
  const client = await okq.connect();
  expect(await ask(client, "AUTH", name, passwordOf(name))).toBe("+OK");
  return client;
}

test("applies changed rights at once to open connections", async () => {
  const users = writeUsers("ann push *", "bob push *");
  const okq = await startTestOkq({ users: users.path });
  const ann = await logInAs(okq, "ann");
  const push = (id: number) => ask(ann, "QLPUSH", "mail", id, "x");
  expect(await push(1)).toBe("+OK");
  users.replace("ann push,inspect sms*", "bob push *");
  await eventually(async () => expect(await push(2)).toStartWith(NOPERM) === undefined);
  expect(await ask(ann, "QSTATUS", "sms")).toBeArray();
  expect(okq.log.findLast((line) => line.includes("users loaded"))).toContain("users=2 closed=0");
});

test("closes clients of a user who is removed or has a new password, and no others", async () => {
  const users = writeUsers("ann all *", "bob all *", "eve all *");
  const okq = await startTestOkq({ users: users.path });
  const [ann, bob, eve] = [
    await logInAs(okq, "ann"),
    await logInAs(okq, "bob"),
    await logInAs(okq, "eve"),
  ];
  const stranger = await okq.connect();
  const before = await Bun.file(users.path).text();
  const others = before.split("\n").filter((line) => line.startsWith("ann "));
  users.write(`${others.join("\n")}\neve ${cheapHash("new")} all *\n`);
  await Promise.all([bob.untilClosed(), eve.untilClosed()]);
  expect(await ask(ann, "PING")).toBe("+PONG");
  expect(okq.log.findLast((line) => line.includes("users loaded"))).toContain("users=2 closed=2");
  expect(await ask(stranger, "AUTH", "eve", passwordOf("eve"))).toStartWith("-WRONGPASS");
  expect(await ask(stranger, "AUTH", "eve", "new")).toBe("+OK");
});

test("logs the mistake in a broken file with its line, and changes nothing", async () => {
  const users = writeUsers("ann all *");
  const okq = await startTestOkq({ users: users.path });
  const ann = await logInAs(okq, "ann");
  users.write("ann nonsense all *\n");
  const line = await eventually(() =>
    okq.log.find((each) => each.includes("cannot load the users")),
  );
  expect(line).toContain(" warn ");
  expect(line).toContain(`${users.path}:1: the hash of user ann does not`);
  expect(await ask(ann, "PING")).toBe("+PONG");
  await logInAs(okq, "ann");
  users.replace("ann push *");
  await eventually(async () => String(await ask(ann, "QSTATUS")).startsWith("-NOPERM"));
});

test("deregisters a consumer from a queue that it may not use any more", async () => {
  const users = writeUsers("root all *", "ann consume *");
  const okq = await startTestOkq({ users: users.path });
  const [root, ann] = [await logInAs(okq, "root"), await logInAs(okq, "ann")];
  await ask(ann, "QREGISTER", "mail", "sms");
  ann.pipeline(["QNOTIFY", "20"]);
  users.replace("root all *", "ann consume sms");
  const consumersOf = async (queue: string) =>
    ((await ask(root, "QSTATUS", queue)) as [string, number, number, number][])[0]![3];
  await eventually(async () => (await consumersOf("mail")) === 0);
  expect(await consumersOf("sms")).toBe(1);
  expect(await ann.next()).toBeNull();
  ann.pipeline(["QNOTIFY", "20"]);
  await ask(root, "QLPUSH", "mail", "1", "x");
  await ask(root, "QLPUSH", "sms", "1", "x");
  expect(String(await ann.next())).toBe("sms");
});

test("answers QNOTIFY with an error when the user has lost the right to every queue", async () => {
  const users = writeUsers("root all *", "ann consume *");
  const okq = await startTestOkq({ users: users.path });
  const [root, ann] = [await logInAs(okq, "root"), await logInAs(okq, "ann")];
  await ask(ann, "QREGISTER", "mail");
  ann.pipeline(["QNOTIFY", "60"]);
  await eventually(async () => {
    return String(await ask(root, "INFO", "clients")).includes("blocked_clients:1\r\n");
  });
  users.replace("root all *", "ann consume sms");
  okq.reload();
  expect(await ann.next()).toBeNull();
  expect(await ask(ann, "QNOTIFY", "60")).toStartWith("-ERR not registered");
  expect(await ask(ann, "QREGISTER", "sms")).toBe("+OK");
  expect(await ask(ann, "QNOTIFY", "0")).toBeNull();
});

test("a consumer without the right to a queue does not consume its wake-ups", async () => {
  const users = writeUsers("root all *", "ann consume *", "bob consume mail");
  const okq = await startTestOkq({ users: users.path });
  const [root, ann, bob] = [
    await logInAs(okq, "root"),
    await logInAs(okq, "ann"),
    await logInAs(okq, "bob"),
  ];
  await ask(ann, "QREGISTER", "mail", "sms");
  await ask(bob, "QREGISTER", "mail");
  for (const [count, client] of [ann, bob].entries()) {
    client.pipeline(["QNOTIFY", "5"]);
    const waiting = `blocked_clients:${count + 1}\r\n`;
    await eventually(async () => String(await ask(root, "INFO", "clients")).includes(waiting));
  }
  users.replace("root all *", "ann consume sms", "bob consume mail");
  okq.reload();
  await ask(root, "QLPUSH", "mail", "1", "x");
  expect(String(await bob.next())).toBe("mail");
});

test("follows a link that is replaced, as in a mounted secret", async () => {
  const [first, second] = [writeUsers("ann all *"), writeUsers("bob all *")];
  const link = join(newFolder(), "users");
  symlinkSync(first.path, link);
  const okq = await startTestOkq({ users: link });
  const ann = await logInAs(okq, "ann");
  symlinkSync(second.path, `${link}.new`);
  renameSync(`${link}.new`, link);
  await ann.untilClosed();
  await logInAs(okq, "bob");
});

test("reloads at SIGHUP, and does not end okq", async () => {
  const users = writeUsers("ann all *");
  const okq = await startOkqProcess(["--store", "memory", "--users", users.path]);
  const ann = await logInAs(okq, "ann");
  okq.kill("SIGHUP");
  await okq.waitForLine(/users loaded users=1 closed=0/);
  writeFileSync(users.path, "");
  okq.kill("SIGHUP");
  await ann.untilClosed();
  expect(existsSync(users.path)).toBeTrue();
});

test("does not start with a file that cannot be used", async () => {
  const users = writeUsers();
  users.write("# all of them\nann\n");
  const start = (config: object) => startTestOkq({ users: users.path, ...config });
  await expect(start({})).rejects.toThrow(`${users.path}:2: user ann is incomplete: expected name`);
  await expect(start({ users: "/no/such" })).rejects.toThrow(
    '--users: cannot read "/no/such" (ENOENT',
  );
  await expect(start({ passwordFile: "/no/such" })).rejects.toThrow(
    '--password-file: cannot read "/no/such" (ENOENT',
  );
  writeFileSync(users.path, Buffer.from("ann \xff", "latin1"));
  await expect(start({})).rejects.toThrow("it is not UTF-8");
  users.replace("default all *");
  await expect(start({ password: "x" })).rejects.toThrow("user default has its password from");
});
