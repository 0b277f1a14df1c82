// Starts the stand-in for S3 as a process of its own, for benchmarks and for tests that end it.
import { resolve } from "node:path";
import type { S3Server } from "../s3-server.ts";
import type { S3Addresses, S3Call } from "./s3-program.ts";

const program = resolve(import.meta.dir, "../s3-server.ts");

export interface S3Process {
  pid: number;
  url: string;
  /** Calls a method of the S3Server in the process. */
  call<C extends S3Call>(call: C, ...args: Parameters<S3Server[C]>): Promise<Result<C>>;
  /** Ends the process, and its objects with it. */
  close(): Promise<void>;
}

/** Functions stay in the process. */
type Result<C extends S3Call> = Exclude<ReturnType<S3Server[C]>, () => void>;

/** In a test, close it with closeAfterTest(). */
export async function startS3Process(args: string[] = []): Promise<S3Process> {
  const child = Bun.spawn([process.execPath, program, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const addresses = await firstLine(child.stdout);
  if (addresses === null) throw new Error(`the stand-in ended with ${await child.exited}`);
  const { url, control } = JSON.parse(addresses) as S3Addresses;
  return {
    pid: child.pid,
    url,
    async call(call, ...values) {
      const body = JSON.stringify({ call, arguments: values });
      const response = await fetch(control, { method: "POST", body });
      if (!response.ok) throw new Error(`${call}: ${await response.text()}`);
      return (await response.json()) as never;
    },
    async close() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** null if the output ends without one. */
async function firstLine(output: ReadableStream<Uint8Array>): Promise<string | null> {
  const decoder = new TextDecoder();
  const reader = output.getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    text += decoder.decode(value, { stream: true });
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
    if (done) return null;
  }
}
