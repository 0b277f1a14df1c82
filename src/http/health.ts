// GET /healthz: okq lives, in the words of simplequeue. GET /readyz: a write to the store works, as
// `okq health` asks, or another okq serves and is reached. Anybody may ask.
import type { Context } from "../commands/context.ts";
import type { PublicExchange, PublicResponder } from "./exchange.ts";
import { Problem } from "./problem.ts";

type HealthContext = Pick<Context, "store" | "processId" | "reportFailure" | "failover">;

export class Health implements PublicResponder {
  readonly #context: HealthContext;
  /** All that ask at the same time share one write. */
  #probe: Promise<boolean> | null = null;

  constructor(context: HealthContext) {
    this.#context = context;
  }

  answerAnybody({ path, method }: PublicExchange): Promise<Response> | null {
    if (method !== "GET") return null;
    if (path === "/healthz") return Promise.resolve(this.#alive());
    return path === "/readyz" ? this.#ready() : null;
  }

  #alive(): Response {
    const time = new Date().toISOString().replace(/\.\d+/, "");
    return answer({ broker_id: this.#context.processId, status: "ok", time });
  }

  async #ready(): Promise<Response> {
    const { failover } = this.#context;
    if (failover && failover.role !== "serving") {
      if (await failover.reaches()) return answer({ status: "ok" });
      throw new Problem(503, failover.reason);
    }
    this.#probe ??= this.#write().finally(() => (this.#probe = null));
    if (!(await this.#probe)) throw new Problem(503, "the store does not accept writes");
    return answer({ status: "ok" });
  }

  async #write(): Promise<boolean> {
    try {
      await this.#context.store.session().ask({ kind: "probe" });
      return true;
    } catch (error) {
      this.#context.reportFailure("the write of /readyz", error as Error);
      return false;
    }
  }
}

function answer(value: Record<string, string>): Response {
  const headers = { "Content-Type": "application/json" };
  return new Response(`${JSON.stringify(value)}\n`, { headers });
}
