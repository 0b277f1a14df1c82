// Every queue command of okq has a method in the client, and the method sends that command.
import { expect, test } from "bun:test";
import type { Event, Okq, Queue } from "okq/client";
import { commands } from "../../src/commands/table.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { connectClient } from "../support/client.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

interface Setting {
  okq: Okq;
  queue: Queue<string>;
  /** A claimed event. */
  claimed: Event<string>;
}

/** What a program does where the server has that command. */
const methods: Record<string, (setting: Setting) => Promise<unknown>> = {
  QPUSH: ({ queue }) => queue.push("x"),
  QMPUSH: ({ queue }) => queue.pushMany(["x", "y"]),
  QPOP: ({ queue }) => queue.pop(),
  QNEXT: ({ queue, claimed }) => queue.next(claimed),
  QACK: ({ queue, claimed }) => queue.ack(claimed),
  QMACK: ({ queue, claimed }) => queue.ackMany([claimed]),
  QFAIL: ({ queue, claimed }) => queue.fail(claimed),
  QTOUCH: ({ queue, claimed }) => queue.touch(claimed),
  QMTOUCH: ({ queue, claimed }) => queue.touchMany([claimed]),
  QRPEEK: ({ queue }) => queue.peek(),
  QLPEEK: ({ queue }) => queue.peek({ last: true }),
  QGET: ({ queue }) => queue.get("1"),
  QLIST: ({ queue }) => queue.listPage(),
  QDEL: ({ queue }) => queue.delete("1"),
  QRETRY: ({ queue }) => queue.retry("1"),
  QPURGE: ({ queue }) => queue.purge("failed"),
  QMOVE: ({ queue }) => queue.moveAll("other"),
  QSET: ({ queue }) => queue.set("1", { delayMs: 0 }),
  QCANCEL: ({ queue }) => queue.cancel("1"),
  QFLUSH: ({ queue }) => queue.flush(),
  QSTATUS: ({ queue }) => queue.status(),
  QSTATS: ({ queue }) => queue.stats(),
  QHISTORY: ({ queue }) => queue.history(),
  QERRORS: ({ queue }) => queue.errors(),
  QGROUPS: ({ queue }) => queue.groups(),
  QGROUP: ({ queue }) => queue.group("g"),
  QWAIT: ({ queue }) => queue.wait("1", { waitMs: 1 }),
  QEMPTY: ({ queue }) => queue.waitUntilEmpty({ waitMs: 1 }),
  QCONFIG: ({ queue }) => queue.settings(),
  QDEFAULT: ({ okq }) => okq.defaults(),
  QPAUSE: ({ queue }) => queue.pause(),
  QRESUME: ({ queue }) => queue.resume(),
  QBIND: ({ queue }) => queue.bind("copy"),
  QUNBIND: ({ queue }) => queue.unbind("copy"),
  QUEUES: ({ okq }) => okq.queuePage(),
  QWORKERS: ({ okq }) => okq.workers().next(),
  "QCOUNTER INIT": ({ queue }) => queue.counter("c").init(1),
  "QCOUNTER DONE": ({ queue }) => queue.counter("c").done("a"),
  "QCOUNTER GET": ({ queue }) => queue.counter("c").left(),
  "QCOUNTER DEL": ({ queue }) => queue.counter("c").delete(),
  "QCOUNTER LIST": ({ queue }) => queue.counterPage(),
  "QCRON SET": ({ queue }) => queue.setCron("n", "0 0 * * *", "x"),
  "QCRON RUN": ({ queue }) => queue.runCron("n"),
  "QCRON LIST": ({ okq }) => okq.cronEntries(),
  "QCRON DEL": ({ queue }) => queue.deleteCron("n"),
};

const withoutMethod: Record<string, string> = {
  QLPUSH: "push() sends QPUSH",
  QRPUSH: "push() with `right` sends QPUSH",
  QRPOP: "pop() sends QPOP, whose claims have tokens",
  QREGISTER: "pop() with `waitMs` waits",
  QNOTIFY: "pop() with `waitMs` waits",
  QINFO: "text for people: status() has the numbers",
};

const queueCommands = commands
  .map(({ name }) => name)
  .filter((name) => name.startsWith("Q") && name !== "QUIT");

test("every queue command has a method, or a reason why it has none", () => {
  const known = [...Object.keys(methods), ...Object.keys(withoutMethod)];
  expect(known.toSorted()).toEqual(queueCommands.toSorted());
});

test.each(Object.keys(methods))("a method sends %s", async (command) => {
  const { port } = await startTestOkq();
  const proxy = closeAfterTest(TcpProxy.start(port));
  const okq = connectClient(proxy.port);
  const queue = okq.queue<string>("mail");
  await queue.push("claimed");
  const claimed = (await queue.pop())!;
  const sent: Buffer[] = [];
  proxy.onRequest = (bytes) => sent.push(bytes);
  await methods[command]!({ okq, queue, claimed });
  const words = command.split(" ").map((word) => `$${word.length}\r\n${word}\r\n`);
  expect(Buffer.concat(sent).toString("latin1")).toContain(words.join(""));
});
