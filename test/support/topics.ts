// A client of simplequeue's API that shows exact replies.
import { startOkqOn, type storeNames, type TestOkq } from "./okq-server.ts";

export const HTTP = { httpAddr: "127.0.0.1:0" };
export const JSON_TYPE = "application/json";
export const ERROR_TYPE = "text/plain; charset=utf-8";

interface Reply {
  status: number;
  type: string | null;
  body: string;
}

type Body = string | Buffer | object;

export class Topics {
  constructor(
    readonly okq: TestOkq,
    readonly headers: Record<string, string> = {},
  ) {}

  async post(path: string, body: Body, headers: Record<string, string> = {}): Promise<Reply> {
    const isRaw = typeof body === "string" || Buffer.isBuffer(body);
    return await this.#fetch(path, {
      method: "POST",
      body: (isRaw ? body : JSON.stringify(body)) as string,
      headers: { "Content-Type": JSON_TYPE, ...this.headers, ...headers },
    });
  }

  async get(path: string): Promise<Reply> {
    return await this.#fetch(path, { headers: this.headers });
  }

  /** The job, or null. */
  async claim(topic: string, worker = "w"): Promise<Record<string, unknown> | null> {
    const { status, body } = await this.post(`/topics/${topic}/claim`, { worker_id: worker });
    return status === 404 ? null : (JSON.parse(body) as { job: Record<string, unknown> }).job;
  }

  async #fetch(path: string, init: RequestInit): Promise<Reply> {
    const response = await fetch(`http://127.0.0.1:${this.okq.httpPort}${path}`, init);
    const { status, headers } = response;
    return { status, type: headers.get("Content-Type"), body: await response.text() };
  }
}

export function ok(body: string, status = 200): Reply {
  return { status, type: JSON_TYPE, body };
}

export function error(body: string, status: number): Reply {
  return { status, type: ERROR_TYPE, body };
}

export async function startOn(store: (typeof storeNames)[number]): Promise<Topics> {
  return new Topics(await startOkqOn(store, HTTP));
}
