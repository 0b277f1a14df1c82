// The exact arguments of the client, with and without the file of the system that knows them.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exactArguments } from "../../src/cli/exact-arguments.ts";
import { newFolder } from "../support/new-folder.ts";

test("takes the bytes of the system, or the arguments as they are without its file", () => {
  const file = join(newFolder(), "cmdline");
  expect(exactArguments(["push", "q\ufffd"], file)).toEqual(["push", "q\ufffd"]);
  writeFileSync(file, Buffer.from("okq\0push\0q\xff\0", "latin1"));
  const exact = process.platform === "linux" ? "q\udcff" : "q\ufffd";
  expect(exactArguments(["push", "q\ufffd"], file)).toEqual(["push", exact]);
});
