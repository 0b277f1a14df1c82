// Finds credentials in the first place that has some, and renews them before they end.
import type { CredentialPlace, Credentials } from "./credentials.ts";

/** Renewed this long before their end, or earlier in the last quarter of their life. */
const EARLY_MS = 15 * 60_000;
/** Requests wait for the renewal if less is left. */
const MARGIN_MS = 60_000;
/** Between two renewals, if one failed and the old credentials still hold. */
const PAUSE_MS = 20_000;

export interface CredentialSourceOptions {
  places: readonly CredentialPlace[];
  /** A renewal failed. The old credentials are used until they end. */
  onProblem(error: Error): void;
  /** The wall clock. */
  nowMs?: () => number;
}

/** All requests share one source, and so one renewal. */
export class CredentialSource {
  readonly #nowMs: () => number;
  readonly #onProblem: (error: Error) => void;
  #places: readonly CredentialPlace[];
  #current: { credentials: Credentials; renewAtMs: number } | null = null;
  #renewal: Promise<Credentials> | null = null;
  #pauseUntilMs = 0;

  constructor({ places, onProblem, nowMs = Date.now }: CredentialSourceOptions) {
    this.#places = places;
    this.#onProblem = onProblem;
    this.#nowMs = nowMs;
  }

  /** There were some: a search that fails may succeed later. */
  get hasFound(): boolean {
    return this.#current !== null;
  }

  /**
   * Credentials that have not ended. Rejects with a message of one line, which names every place
   * without credentials.
   */
  async get(): Promise<Credentials> {
    const current = this.#current;
    if (current === null) return this.#renew();
    const { credentials, renewAtMs } = current;
    const nowMs = this.#nowMs();
    if (nowMs < renewAtMs) return credentials;
    const leftMs = (credentials.endMs ?? Number.POSITIVE_INFINITY) - nowMs;
    if (nowMs < this.#pauseUntilMs && leftMs > 0) return credentials;
    const renewal = this.#renew();
    if (leftMs <= 0) return renewal;
    const renewed = renewal.catch(() => credentials);
    return leftMs < MARGIN_MS ? renewed : credentials;
  }

  /** Called if the object store does not take these. Returns others, or null if there are none. */
  async replace(outdated: Credentials): Promise<Credentials | null> {
    const current = this.#current?.credentials;
    const found = current && current !== outdated ? current : await this.#renew();
    const { accessKeyId, secretAccessKey, sessionToken } = found;
    const isSame =
      accessKeyId === outdated.accessKeyId &&
      secretAccessKey === outdated.secretAccessKey &&
      sessionToken === outdated.sessionToken;
    return isSame ? null : found;
  }

  #renew(): Promise<Credentials> {
    this.#renewal ??= this.#find()
      .catch((error: Error) => {
        this.#pauseUntilMs = this.#nowMs() + PAUSE_MS;
        if (this.#current !== null) this.#onProblem(error);
        throw error;
      })
      .finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  async #find(): Promise<Credentials> {
    const missing: string[] = [];
    for (const place of this.#places) {
      const found = await place.find();
      if ("missing" in found) {
        missing.push(found.missing);
        continue;
      }
      // Later ones must not come from another place, which may be of another account.
      this.#places = [place];
      this.#current = { credentials: found, renewAtMs: this.#renewAtMs(found) };
      return found;
    }
    throw new Error(`no credentials: ${missing.join("; ")}`);
  }

  #renewAtMs({ endMs }: Credentials): number {
    if (endMs === null) return Number.POSITIVE_INFINITY;
    const leftMs = Math.max(0, endMs - this.#nowMs());
    return endMs - Math.min(EARLY_MS, leftMs / 4);
  }
}
