// Access keys of an object store, and a place where they may be found.

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string | null;
  /** When they end, by the wall clock; null for never. */
  endMs: number | null;
}

/** The place has none, for the reason that `missing` gives: "AWS_ACCESS_KEY_ID is not set". */
export interface Missing {
  missing: string;
}

/**
 * A place where credentials may be. find() rejects with a message of one line, which shows no
 * secret, if there should be some and they cannot be had.
 */
export interface CredentialPlace {
  find(): Promise<Credentials | Missing>;
}
