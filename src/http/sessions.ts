// Sessions: a person logs in once, and the browser then sends a cookie with each request.
import { randomBytes } from "node:crypto";
import type { Context } from "../commands/context.ts";
import type { User } from "../users/user.ts";

/** A session that is not used for so long ends. */
const UNUSED_MS_MAX = 12 * 60 * 60 * 1000;
/** Beyond these numbers the session ends that was not used for longest. */
const SESSIONS_MAX = 10_000;
const OF_USER_MAX = 100;

interface Session {
  user: string;
  /** Of the user at the login: with another password the session ends. */
  hash: string | null;
  usedAtMs: number;
  ending: AbortController;
}

/** Who a session is, and what aborts when it ends. */
export interface Identity {
  user: User;
  ended: AbortSignal;
}

export class Sessions {
  readonly #context: Pick<Context, "users" | "clock">;
  /** By id. The one that was used last comes last. */
  readonly #sessions = new Map<string, Session>();

  constructor(context: Pick<Context, "users" | "clock">) {
    this.#context = context;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The id of a new session of that user. Whoever knows it is that user. */
  begin({ name, hash }: User): string {
    this.#endUnused();
    const ofUser = [...this.#sessions].filter(([, { user }]) => user === name);
    if (ofUser.length >= OF_USER_MAX) this.end(ofUser[0]![0]);
    if (this.#sessions.size >= SESSIONS_MAX) this.#endFirst();
    const id = randomBytes(32).toString("base64url");
    const usedAtMs = this.#context.clock.nowMs();
    this.#sessions.set(id, { user: name, hash, usedAtMs, ending: new AbortController() });
    return id;
  }

  /** null: there is no such session. Changed rights hold at once. */
  identityOf(id: string): Identity | null {
    this.#endUnused();
    const session = this.#sessions.get(id);
    if (!session) return null;
    const user = this.#context.users.find(session.user);
    if (!user || user.hash !== session.hash) {
      this.end(id);
      return null;
    }
    this.#sessions.delete(id);
    session.usedAtMs = this.#context.clock.nowMs();
    this.#sessions.set(id, session);
    return { user, ended: session.ending.signal };
  }

  /** Its waits and streams end too. */
  end(id: string): void {
    this.#sessions.get(id)?.ending.abort();
    this.#sessions.delete(id);
  }

  #endUnused(): void {
    const endedMs = this.#context.clock.nowMs() - UNUSED_MS_MAX;
    for (const [id, { usedAtMs }] of this.#sessions) {
      if (usedAtMs > endedMs) return;
      this.end(id);
    }
  }

  #endFirst(): void {
    for (const id of this.#sessions.keys()) return this.end(id);
  }
}
