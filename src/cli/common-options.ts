// The options that all commands of the command line client take: where okq is and how to log in,
// and how to write the output.
import { environmentName } from "../config/options.ts";
import type { ClientOptions } from "./client-option.ts";

export const DEFAULT_ADDRESS = "127.0.0.1:4777";

/** okq takes no longer leases. */
export const LEASE_SECONDS_MAX = 604_800;

export const commonOptions = {
  addr: {
    kind: "text",
    value: "ADDR",
    help:
      "where okq is: host:port, unix:/path, okq://[user:password@]host:port, okqs:// for TLS; " +
      `else ${environmentName("addr")}, else ${DEFAULT_ADDRESS}`,
  },
  store: {
    kind: "text",
    value: "STORE",
    help:
      "s3://bucket[/prefix] in place of --addr: the okq that serves it; the bucket names it. " +
      "Keys and endpoint come from the variables AWS_... and OKQ_S3_..., as those of okq",
  },
  user: { kind: "text", value: "NAME", help: "name of the user; else that of the address" },
  "password-file": {
    kind: "text",
    value: "FILE",
    help: `file with the password; else ${environmentName("password")}`,
  },
  "ask-password": { kind: "flag", help: "ask for the password at the terminal" },
  "tls-ca": {
    kind: "text",
    value: "FILE",
    help: "certificates (PEM) of authorities to trust, not the usual ones; means TLS",
  },
  "tls-cert": { kind: "text", value: "FILE", help: "certificate (PEM) to show to okq" },
  "tls-key": { kind: "text", value: "FILE", help: "key of that certificate (PEM)" },
  "tls-name": {
    kind: "text",
    value: "NAME",
    help: "name that okq's certificate has, if not that of the address",
  },
  timeout: {
    kind: "seconds",
    isPositive: true,
    help: "how long okq may take to answer (10), and may be away in the middle of a command (30)",
  },
  json: { kind: "flag", help: "write JSON, one value in a line" },
  color: {
    kind: "choice",
    values: ["auto", "always", "never"],
    help: "colours: on a terminal unless NO_COLOR is set (auto), or always, or never",
  },
} as const satisfies ClientOptions;

export type CommonOptions = typeof commonOptions;
