// Who uses the page, and what they may do.
import { ApiError, request } from "./request.ts";
import { Observed } from "./observed.ts";

export type Right = "push" | "consume" | "inspect" | "manage" | "admin";

export interface Session {
  user: string;
  rights: Right[];
  isReadOnly: boolean;
  /** Nobody has to log in. */
  isOpen: boolean;
}

/** null: somebody has to log in. "unknown": okq has not answered yet. */
export const session = new Observed<Session | null | "unknown">("unknown");

/** Whether the page offers what needs that right. okq judges each request anyhow. */
export function may(right: Right): boolean {
  const { value } = session;
  if (value === null || value === "unknown") return false;
  if (value.isReadOnly && right !== "inspect") return false;
  return value.rights.includes(right);
}

/** Rejects with an ApiError if okq does not answer. */
export async function findSession(): Promise<void> {
  try {
    session.value = await request<Session>("GET", "/v1/session");
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    session.value = null;
  }
}

/** Rejects with an ApiError. */
export async function logIn(user: string, password: string): Promise<void> {
  await request("POST", "/v1/session", { body: { user, password } });
  await findSession();
}

export async function logOut(): Promise<void> {
  await request("DELETE", "/v1/session");
  await findSession();
}
