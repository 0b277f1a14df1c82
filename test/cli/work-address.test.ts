// The address of okq that a command of `okq work` gets.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAddress } from "../../src/client/address.ts";
import { addressWithLogin, addressWithoutLogin } from "../../src/cli/work/child-address.ts";
import { newFolder } from "../support/new-folder.ts";

test.each([
  ["okq://ann:secret@host:1", "okq://host:1"],
  ["okqs://:secret@host, other:2", "okqs://host,other:2"],
  ["ann:se%40cret@host", "host"],
  ["okq://ann:secret@one,okq://ann:secret@two", "okq://one,okq://two"],
  ["okq+unix:///run/okq.sock", "okq+unix:///run/okq.sock"],
  ["unix:/run/okq.sock", "unix:/run/okq.sock"],
  [":4777", ":4777"],
])("%s without its login is %s", (text, expected) => {
  expect(addressWithoutLogin(text)).toBe(expected);
});

test("has the login that the worker uses", () => {
  const loginOf = (...args: Parameters<typeof addressWithLogin>) => {
    const { username, password } = parseAddress(addressWithLogin(...args));
    return [username, password];
  };
  const file = join(newFolder(), "password");
  writeFileSync(file, "of the file\n");
  expect(loginOf("host", {})).toEqual([undefined, undefined]);
  expect(loginOf("host", { password: "of:the@env" })).toEqual([undefined, "of:the@env"]);
  expect(loginOf("okqs://ann:own@host,b", { password: "env" })).toEqual(["ann", "own"]);
  expect(loginOf("ann@host", { user: "bob", passwordFile: file })).toEqual(["bob", "of the file"]);
  const { endpoints } = parseAddress(addressWithLogin("okqs://h:1,i:2", { user: "ann" }));
  expect(endpoints).toEqual([
    { host: "h", port: 1, isTls: true },
    { host: "i", port: 2, isTls: true },
  ]);
});
