// What the HTTP listener did since okq started.

export const STATUS_CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;
export type StatusClass = (typeof STATUS_CLASSES)[number];

export class HttpFigures {
  readonly requests: Record<StatusClass, number> = {
    "1xx": 0,
    "2xx": 0,
    "3xx": 0,
    "4xx": 0,
    "5xx": 0,
  };

  answered({ status }: Response): void {
    const name = STATUS_CLASSES[Math.floor(status / 100) - 1];
    if (name) this.requests[name] += 1;
  }
}
