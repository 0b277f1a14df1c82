// A consumer in a process of its own, which a test stops (SIGSTOP) past its lease: it claims an
// event, says so, waits for a line on its standard input, and then ends its claim in every way.
// Arguments: the port of okq, the queue, and the seconds of the lease.
import { Wire } from "../support/wire.ts";

const [port, queue, lease] = process.argv.slice(2) as [string, string, string];
const wire = await Wire.connect(Number(port));
const reply = await wire.call("QPOP", "LEASE", lease, "AS", "sleeper", "FROM", queue);
const [[, id, , token]] = reply as [[Buffer, Buffer, Buffer, Buffer]];
console.log(`claimed ${id} ${token}`);
for await (const _ of console) break;
wire.pipeline(
  ["QTOUCH", queue, id, token, "LEASE", 60, "PROGRESS", "late"],
  ["QFAIL", queue, id, token, "FINAL"],
  ["QACK", queue, id, "TOKEN", token, "REDO"],
  ["QACK", queue, id, "TOKEN", token, "RESULT", "late"],
  ["QMACK", queue, id, token],
);
console.log(`answers ${JSON.stringify(await wire.take(5))}`);
wire.close();
