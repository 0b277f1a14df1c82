// Parsing of the addresses of listeners.
import { expect, test } from "bun:test";
import { parseAddress } from "../../src/config/address.ts";

test.each([
  [":4777", "::", 4777],
  ["127.0.0.1:4777", "127.0.0.1", 4777],
  ["[::1]:4777", "::1", 4777],
  ["localhost:4777", "localhost", 4777],
  [":0", "::", 0],
])("parses the address %s", (text, hostname, port) => {
  expect(parseAddress(text)).toEqual({ hostname, port });
});
