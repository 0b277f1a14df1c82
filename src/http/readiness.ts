// GET /readyz: whether a write to the store works, as `okq health` asks. Anybody may ask.
import type { QueueContext } from "../commands/context.ts";
import type { PublicExchange, PublicResponder } from "./exchange.ts";
import { Problem } from "./problem.ts";

export class Readiness implements PublicResponder {
  readonly #context: Pick<QueueContext, "store" | "reportFailure">;
  /** All that ask at the same time share one write. */
  #probe: Promise<boolean> | null = null;

  constructor(context: Pick<QueueContext, "store" | "reportFailure">) {
    this.#context = context;
  }

  answerAnybody({ path, method }: PublicExchange): Promise<Response> | null {
    return path === "/readyz" && method === "GET" ? this.#answer() : null;
  }

  async #answer(): Promise<Response> {
    this.#probe ??= this.#write().finally(() => (this.#probe = null));
    if (!(await this.#probe)) throw new Problem(503, "the store does not accept writes");
    return Response.json({ status: "ok" });
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
