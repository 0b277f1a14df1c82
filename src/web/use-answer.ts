// What a component shows of the API: loaded when it is first shown, and again whenever the feed
// says so.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { feed } from "./feed.ts";
import { ApiError } from "./request.ts";
import { session } from "./session.ts";

export interface Answer<T> {
  /** The last answer; null before the first. */
  value: T | null;
  /** Of the last request, if it failed. */
  error: ApiError | null;
  isLoading: boolean;
  reload(): void;
}

interface State<T> {
  /** What was asked for. */
  key: string;
  value: T | null;
  error: ApiError | null;
  isLoading: boolean;
}

/** Answers that take longer cost the server something: then the pause is so many times as long. */
const CHEAP_MS = 150;
const REST = 9;

/**
 * `key` names what is asked for, as a path with a query. If it changes, the old answer is shown
 * until the new one is there, but only for the same path. `isLive`: asks again with the feed.
 */
export function useAnswer<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  isLive = true,
): Answer<T> {
  const [state, setState] = useState<State<T>>(() => begun<T>(key));
  const current = useRef<AbortController | null>(null);
  const notBefore = useRef(0);
  const isRefused = useRef(false);
  const latest = useRef(load);
  latest.current = load;

  const reload = useCallback(async () => {
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    const from = performance.now();
    try {
      const value = await latest.current(controller.signal);
      if (controller.signal.aborted) return;
      isRefused.current = false;
      feed.answered();
      setState({ key, value, error: null, isLoading: false });
    } catch (error) {
      if (controller.signal.aborted) return;
      const failure = failureOf(error as Error);
      isRefused.current = failure.status === 403;
      setState((old) => ({ ...old, key, error: failure, isLoading: false }));
    }
    current.current = null;
    const now = performance.now();
    notBefore.current = now - from > CHEAP_MS ? now + (now - from) * REST : now;
  }, [key]);

  useEffect(() => {
    setState((old) => (old.key === key ? old : { ...begun<T>(key), ...kept(old, key) }));
    void reload();
    const end = isLive
      ? feed.onTick(() => {
          const isTime = !current.current && performance.now() > notBefore.current;
          // What the user may not see now it may not see in 2 seconds.
          if (isTime && !isRefused.current) void reload();
        })
      : () => {};
    return () => {
      end();
      current.current?.abort();
      current.current = null;
    };
  }, [key, isLive, reload]);

  const isOther = state.key !== key;
  const { value } = isOther ? kept(state, key) : state;
  return {
    value,
    error: isOther ? null : state.error,
    isLoading: isOther || state.isLoading,
    reload,
  };
}

function begun<T>(key: string): State<T> {
  return { key, value: null, error: null, isLoading: true };
}

function kept<T>(old: State<T>, key: string): { value: T | null } {
  const isSamePath = old.key.split("?")[0] === key.split("?")[0];
  return { value: isSamePath ? old.value : null };
}

/** Throws an error that is none of the API's. */
export function failureOf(error: Error): ApiError {
  if (!(error instanceof ApiError)) throw error;
  if (error.status === 0) feed.lost();
  else feed.answered();
  if (error.status === 401) session.value = null;
  return error;
}
