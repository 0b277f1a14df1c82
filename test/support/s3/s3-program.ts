// The stand-in for S3 as a program: options to a server, and a second port on which the parent
// process moves it. The first line of its output is the address of both, in JSON.
import { parseArgs } from "node:util";
import type { S3Server, S3ServerOptions } from "../s3-server.ts";

const help = `bun test/support/s3-server.ts [options]
  --port N              a free one without it
  --control-port N      a free one without it: POST {"call": "limit", "arguments": [1000000]}
  --bucket NAME         may be repeated; "bucket" without it
  --region NAME         us-east-1 without it
  --key ACCESS:SECRET   may be repeated; okq-test:okq-test-secret without it
  --put-ms N            delays every put
  --limit N             bytes per second of all connections together
  --fault JSON          may be repeated: {"kind": "slow-down", "operation": "put", "chance": 0.1}
  --seed N              of the faults with a chance
  --ignores-if-none-match, --ignores-if-match, --refuses-conditions
                        an object store without conditional writes
`;

/** The methods that the parent process can call. */
const calls = [
  "clearFaults",
  "counts",
  "cutOff",
  "fault",
  "forget",
  "keysIn",
  "limit",
  "moveClock",
  "reconnect",
  "refuse",
  "release",
  "traffic",
] as const;
export type S3Call = (typeof calls)[number];

export interface S3Addresses {
  url: string;
  control: string;
}

export function runProgram(args: string[], start: (options: S3ServerOptions) => S3Server): void {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: "boolean" },
      port: { type: "string" },
      "control-port": { type: "string" },
      bucket: { type: "string", multiple: true },
      region: { type: "string" },
      key: { type: "string", multiple: true },
      "put-ms": { type: "string" },
      limit: { type: "string" },
      fault: { type: "string", multiple: true },
      seed: { type: "string" },
      "ignores-if-none-match": { type: "boolean" },
      "ignores-if-match": { type: "boolean" },
      "refuses-conditions": { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const server = start({
    port: Number(values.port ?? 0),
    ...(values.bucket && { buckets: values.bucket }),
    ...(values.region && { region: values.region }),
    ...(values.key && { keys: values.key.map(keyOf) }),
    ...(values.seed && { seed: Number(values.seed) }),
    ignoresIfNoneMatch: values["ignores-if-none-match"] ?? false,
    ignoresIfMatch: values["ignores-if-match"] ?? false,
    refusesConditions: values["refuses-conditions"] ?? false,
  });
  const putMs = Number(values["put-ms"] ?? 0);
  if (putMs > 0) server.fault({ kind: "delay-request", operation: "put", ms: putMs });
  if (values.limit !== undefined) server.limit(Number(values.limit));
  for (const fault of values.fault ?? []) server.fault(JSON.parse(fault));
  const control = openControl(server, Number(values["control-port"] ?? 0));
  console.log(JSON.stringify({ url: server.url, control } satisfies S3Addresses));
}

function keyOf(text: string) {
  const [accessKey = "", secret = ""] = text.split(":", 2);
  return { accessKey, secret };
}

/** Returns its address. */
function openControl(server: S3Server, port: number): string {
  const control = Bun.serve({
    hostname: "127.0.0.1",
    port,
    async fetch(request) {
      const { call, arguments: args = [] } = (await request.json()) as {
        call: S3Call;
        arguments?: unknown[];
      };
      if (!calls.includes(call)) return new Response(`no such call: ${call}`, { status: 400 });
      const method = server[call] as (...args: unknown[]) => unknown;
      const result = method.apply(server, args);
      return Response.json(typeof result === "function" ? null : (result ?? null));
    },
  });
  return control.url.href;
}
