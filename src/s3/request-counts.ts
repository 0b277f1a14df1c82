// Counts the requests to an object store, by what providers charge for them and how they ended.

export const requestKinds = ["get", "put", "delete", "list"] as const;
export type RequestKind = (typeof requestKinds)[number];

/**
 * - done: the object store did it
 * - refused: a condition did not hold, or the object is not there, or has not changed
 * - failed: the object store answered with an error
 * - lost: no answer, or a part of one
 */
export const requestEndings = ["done", "refused", "failed", "lost"] as const;
export type RequestEnding = (typeof requestEndings)[number];

export class RequestCounts {
  readonly requests: Readonly<Record<RequestKind, Record<RequestEnding, number>>> = {
    get: none(),
    put: none(),
    delete: none(),
    list: none(),
  };
  /** Of the bodies of requests. */
  bytesSent = 0;
  /** Of the bodies of answers. */
  bytesReceived = 0;
}

function none(): Record<RequestEnding, number> {
  return { done: 0, refused: 0, failed: 0, lost: 0 };
}
