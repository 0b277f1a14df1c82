// A popped event.

/** An event that this client has claimed. */
export interface Event<T> {
  readonly queue: string;
  readonly id: string;
  readonly contents: T;
  /** Names this claim: a later claim of the same event has another one. */
  readonly token: string;
  /** 1 at the first time, and one more after each failure and each crash. */
  readonly attempt: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The contents as they are in okq. */
  readonly bytes: Buffer;
}

/** What names a claim. An Event is one. */
export type Claim = { readonly id: string; readonly token: string; readonly queue?: string };
