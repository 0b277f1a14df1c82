// The frames of pub/sub, byte for byte as a real Redis sends them, and what a subscribed client may
// send.
import { describe, expect, test } from "bun:test";
import { RawSocket } from "../faults/raw-socket.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { subscribed } from "../support/subscriber.ts";

/** Each is sent in one write on a connection of its own, after HELLO. */
const conversations = [
  "SUBSCRIBE a|SUBSCRIBE b c b|PSUBSCRIBE x* x*|UNSUBSCRIBE b|UNSUBSCRIBE b nosuch|PUNSUBSCRIBE",
  "UNSUBSCRIBE|PUNSUBSCRIBE|PUNSUBSCRIBE a b|UNSUBSCRIBE|ECHO x",
  "SUBSCRIBE a|PING|PING x|UNSUBSCRIBE a|PING|PING x",
  "SUBSCRIBE a|ECHO x|CLIENT ID x|SELECT 0|UNSUBSCRIBE|ECHO x",
  "SUBSCRIBE|PSUBSCRIBE|PUNSUBSCRIBE|SUBSCRIBE a|PSUBSCRIBE|ECHO",
  "PSUBSCRIBE *|ECHO x|NOSUCH x|PUNSUBSCRIBE *|ECHO y",
  "SUBSCRIBE a|RESET|ECHO x",
  "SUBSCRIBE a|QUIT",
  "CLIENT REPLY OFF|SUBSCRIBE a|PSUBSCRIBE b*|ECHO x|UNSUBSCRIBE|PUNSUBSCRIBE",
  "CLIENT REPLY SKIP|SUBSCRIBE a|CLIENT REPLY SKIP|UNSUBSCRIBE",
  "PUBSUB NUMPAT|PSUBSCRIBE a* b*|SUBSCRIBE q",
  "PUBSUB CHANNELS nosuch*|PUBSUB NUMSUB|PUBSUB NUMSUB nosuch",
];

const END = "the-end";

/** All bytes that come up to a PING, which a client may always send, and its reply. */
async function answersTo(lines: string[], port: number): Promise<string> {
  const socket = closeAfterTest(await RawSocket.connect(port));
  socket.send(Buffer.from([...lines, `CLIENT REPLY ON`, `PING ${END}`, ""].join("\r\n")));
  return (await socket.readUntil(END)).toString("latin1");
}

/** Before the greeting of HELLO they differ. */
async function conversation(protocol: number, text: string, port: number): Promise<string> {
  const answer = await answersTo([`HELLO ${protocol}`, "ECHO begin", ...text.split("|")], port);
  return answer.slice(answer.indexOf("begin"));
}

describe.each([2, 3])("in RESP%d", (protocol) => {
  test.each(conversations)("%s", async (text) => {
    const [okq, redis] = [await startTestOkq(), await startTestRedis()];
    const own = await conversation(protocol, text, okq.port);
    expect(own).toBe(await conversation(protocol, text, redis.port));
  });

  test.each(["SUBSCRIBE okq:q", "PSUBSCRIBE okq:*", "PSUBSCRIBE o?q:q"])(
    "frames of the messages after %s",
    async (line) => {
      const [okq, { port, redis }] = [await startTestOkq(), await startTestRedis()];
      const listener = await subscribed(okq, "okq:q");
      const listen = async (to: number) => {
        const socket = closeAfterTest(await RawSocket.connect(to));
        socket.send(Buffer.from(`HELLO ${protocol}\r\n${line}\r\nPING ${END}\r\n`));
        await socket.readUntil(END);
        return socket;
      };
      const [own, its] = [await listen(okq.port), await listen(port)];
      await (await okq.connect()).call("QPUSH", "q", "x", "ID", "last");
      const [, , json] = (await listener.next()) as Buffer[];
      await redis.publish("okq:q", json!);
      const count = line.split(" ").length - 1;
      const messagesOf = async (socket: RawSocket) => {
        let all = "";
        while (all.split(String(json)).length <= count) all += await socket.readUntil("last");
        return all.slice(all.search(/[*>][34]\r\n\$[78]\r\np?message/));
      };
      const frames = await messagesOf(its);
      expect(frames).toContain("okq:q");
      expect(await messagesOf(own)).toBe(frames);
    },
  );
});
