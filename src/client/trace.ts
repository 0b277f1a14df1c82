// The hook by which the context of a trace travels with events, for example OpenTelemetry's.

export interface Trace {
  /** Called at each push: headers such as traceparent for the event. Its own headers win. */
  headers(): Record<string, string> | undefined;
  /** Runs a handler in the context of these headers of its event. */
  run<T>(headers: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T>;
}
