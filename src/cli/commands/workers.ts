// `okq workers`: the clients that hold claims, and those that wait for events.
import { clientCommand } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { bytesOf, type Facts } from "../looks/facts.ts";
import { pagesOf } from "../looks/pages.ts";
import { showRows } from "../looks/show-rows.ts";
import { count, duration, NONE } from "../terminal/figures.ts";
import { printable } from "../terminal/printable.ts";
import type { Column } from "../terminal/table.ts";

/** The names of queues, with blanks between them. */
function namesOf(worker: Facts, field: string): string {
  const names = worker.list(field).map((name) => printable(bytesOf(name)));
  return names.join(" ") || NONE;
}

const columns: Column<Facts>[] = [
  {
    title: "WORKER",
    of: (worker) => (worker.has("worker") ? worker.bytes("worker") : NONE),
    least: 8,
  },
  { title: "CLAIMS", of: (worker) => count(worker.count("claims")), side: "right" },
  {
    title: "OLDEST",
    of: (worker) => {
      const seconds = worker.number("oldest-claim-seconds");
      return seconds === null ? NONE : duration(seconds);
    },
    side: "right",
  },
  { title: "HOLDS OF", of: (worker) => namesOf(worker, "holding"), least: 8 },
  { title: "WAITS FOR", of: (worker) => namesOf(worker, "waiting"), least: 8 },
  { title: "CLIENT", of: (worker) => worker.bytes("client"), dispensable: 1 },
  { title: "OKQ", of: (worker) => worker.bytes("okq"), dispensable: 2 },
];

export const workers = clientCommand({
  name: "workers",
  group: "looks",
  summary: "show the clients that hold claims, and those that wait for events",
  details: ["Those of other okq processes are shown about a second late."],
  words: "[QUEUE]",
  options: { count: { kind: "number", short: "n", min: 1, help: "at most so many" } },
  examples: [
    ["okq workers", "shows all workers"],
    ["okq workers mail", "those that hold events of mail or wait for them"],
  ],
  async run(call) {
    const { count: most } = call.options;
    const okq = await call.connect();
    const pages = pagesOf(okq, ["QWORKERS", ...call.words], most);
    await showRows(call, pages, {
      columns,
      json: (worker) => worker.json(),
      nothing: "no client holds claims or waits for events",
    });
    return exitCodes.done;
  },
});
