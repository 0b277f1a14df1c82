// Node-RED as a producer and a consumer: its nodes for Redis push to lists and streams.
import { describe, expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqOn, storeNames } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { Flow } from "./node-red.ts";

const RUN_MS_MAX = 60_000;

describe.each(storeNames)("on %s", (store) => {
  test(
    "Node-RED pushes to a list and a stream, and takes from a list",
    async () => {
      const { port, connect } = await startOkqOn(store);
      const wire = await connect();
      const flow = closeAfterTest(new Flow(port));
      const list = flow.add("redis-out", {
        id: "1",
        command: "rpush",
        topic: "readings",
        obj: true,
      });
      await flow.input(list, { payload: { celsius: 21 } });
      await flow.input(list, { topic: "alarms", payload: { smoke: true } });
      const stream = flow.add("redis-command", { id: "2", command: "XADD", topic: "history" });
      const message = { payload: ["MAXLEN", "~", "1000", "*", "celsius", "21"] as unknown };
      await flow.input(stream, message);
      const id = String(message.payload);
      expect(await ask(wire, "XRANGE", "history", "-", "+")).toEqual([[id, ["celsius", "21"]]]);
      const popped = await ask(wire, "QPOP", "COUNT", 2, "FROM", "readings", "alarms");
      expect((popped as string[][]).map(([queue, , contents]) => [queue, contents])).toEqual([
        ["readings", '{"celsius":21}'],
        ["alarms", '{"smoke":true}'],
      ]);

      const jobs = flow.add("redis-in", { id: "3", command: "blpop", topic: "jobs", timeout: 0 });
      await ask(wire, "QPUSH", "jobs", "paint");
      await eventually(() => jobs.sent.length > 0, { message: "it has taken the job" });
      expect(jobs.sent).toEqual([{ topic: "jobs", payload: "paint" }]);
    },
    RUN_MS_MAX,
  );
});
