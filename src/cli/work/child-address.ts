// The address of okq that a command gets: without a login, or with the one of the worker if the
// user wants that.
import { parseAddress } from "../../client/address.ts";
import { passwordIn } from "../option-file.ts";

export interface Login {
  user?: string | undefined;
  passwordFile?: string | undefined;
  /** OKQ_PASSWORD. */
  password?: string | undefined;
}

/** The scheme, if there is one, the login, and the place. */
const PART = /^([\w+]+:\/\/)?(?:[^@]*@)?([^@]*)$/;

/** `text` is an address that the client has read. */
export function addressWithoutLogin(text: string): string {
  return text
    .split(",")
    .map((part) => part.trim().replace(PART, "$1$2"))
    .join(",");
}

export function addressWithLogin(text: string, login: Login): string {
  const given = parseAddress(text);
  const user = login.user ?? given.username ?? "";
  const ofFile = login.passwordFile === undefined ? null : passwordIn(login.passwordFile);
  const password = ofFile ?? given.password ?? login.password ?? "";
  if (user === "" && password === "") return addressWithoutLogin(text);
  const written = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
  const [first = "", ...others] = addressWithoutLogin(text).split(",");
  const [, scheme = "okq://", place] = PART.exec(first)!;
  return [`${scheme}${written}${place}`, ...others].join(",");
}
