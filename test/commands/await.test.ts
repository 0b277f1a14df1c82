// QWAIT and QEMPTY over the wire.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

async function popToken(client: Wire, queue: string): Promise<[id: string, token: string]> {
  const [[, id, , token]] = (await ask(client, "QPOP", "FROM", queue)) as [string[]];
  return [id!, token!];
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  const connectTwo = async () => {
    const okq = await startOkqOn(store);
    return await Promise.all([okq.connect(), okq.connect()]);
  };

  test("QWAIT answers the result of an event that was acknowledged", async () => {
    const [client, other] = await connectTwo();
    await ask(client, "QCONFIG", "q", "keep-completed", 10);
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    const [id, token] = await popToken(client, "q");
    const waited = ask(other, "QWAIT", "q", "1", 60);
    await ask(client, "QACK", "q", id, "TOKEN", token, "RESULT", "done");
    expect(await waited).toEqual(["completed", "done"]);
    expect(await ask(other, "QWAIT", "q", "1", 60)).toEqual(["completed", "done"]);
  });

  test("QWAIT answers gone without kept completed events, and for an unknown id", async () => {
    const [client, other] = await connectTwo();
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    const waited = ask(other, "QWAIT", "q", "1", 60);
    await ask(client, "QRPOP", "q", "NOACK");
    expect(await waited).toEqual(["gone", null]);
    expect(await ask(other, "QWAIT", "q", "missing", 60)).toEqual(["gone", null]);
  });

  test("QWAIT answers the error of an event that has failed, here or elsewhere", async () => {
    const [client, other] = await connectTwo();
    for (const failedTo of ["", "dead"]) {
      await ask(client, "QCONFIG", "q", "failed-to", failedTo);
      await ask(client, "QPUSH", "q", "x", "ID", `1${failedTo}`);
      const [id, token] = await popToken(client, "q");
      const waited = ask(other, "QWAIT", "q", id, 60);
      await ask(client, "QFAIL", "q", id, token, "ERROR", "broken", "FINAL");
      expect(await waited).toEqual(["failed", "broken"]);
    }
  });

  test("QWAIT answers nil at the end of its time, and when it is unblocked", async () => {
    const [client, other] = await connectTwo();
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    expect(await ask(client, "QWAIT", "q", "1", 0.05)).toBeNull();
    const id = await ask(other, "CLIENT", "ID");
    const waited = ask(other, "QWAIT", "q", "1", 60);
    await eventually(async () => (await ask(client, "CLIENT", "UNBLOCK", String(id))) === 1);
    expect(await waited).toBeNull();
  });

  test("QEMPTY waits until the last event has ended", async () => {
    const [client, other] = await connectTwo();
    expect(await ask(client, "QEMPTY", "q", 60)).toBe(1);
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    await ask(client, "QPUSH", "q", "x", "ID", "2");
    expect(await ask(client, "QEMPTY", "q", 0.05)).toBe(0);
    expect(await ask(client, "QEMPTY", "q", 60, "CLAIMED")).toBe(1);
    const waited = ask(other, "QEMPTY", "q", 60);
    await ask(client, "QRPOP", "q", "NOACK");
    const [id, token] = await popToken(client, "q");
    expect(await ask(client, "QEMPTY", "q", 0.05, "CLAIMED")).toBe(0);
    await ask(client, "QACK", "q", id, "TOKEN", token);
    expect(await waited).toBe(1);
  });
});
