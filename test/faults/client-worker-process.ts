// A worker in a process of its own, which a test kills or stops. It prints a line for each event:
// handled, done or lost, and the id. Arguments: the port of okq, the queue, the lease in ms.
import { connect } from "okq/client";
import { lasting } from "../support/eventually.ts";

const [port, queue, leaseMs] = process.argv.slice(2) as [string, string, string];
const okq = connect(`okq://127.0.0.1:${port}`);
const worker = okq.worker(queue, () => lasting(Math.random() * 20), {
  concurrency: 4,
  prefetch: 4,
  leaseMs: Number(leaseMs),
});
for (const name of ["popped", "done", "lost"] as const) {
  worker.on(name, ({ job }) => console.log(name === "popped" ? "handled" : name, job.id));
}
process.on("SIGTERM", () => void okq.close());
