// What the README says about commands and configuration is what the code does.
import { expect, test } from "bun:test";
import { readmeFile, withGeneratedSections, writeCommand } from "./support/readme.ts";

test("the README's generated sections are up to date", async () => {
  const readme = await Bun.file(readmeFile).text();
  if (withGeneratedSections(readme) !== readme) {
    throw new Error(`README.md is out of date: run \`${writeCommand}\``);
  }
});

test("only what stands between the markers is replaced", () => {
  const readme = [
    "before",
    "<!-- commands:begin -->\nstale words\n<!-- commands:end -->",
    "between",
    "<!-- errors:begin --><!-- errors:end -->",
    "<!-- configuration:begin --><!-- configuration:end -->",
    "after",
  ].join("\n");
  const generated = withGeneratedSections(readme);
  expect(generated).toStartWith(
    "before\n<!-- commands:begin -->\n<!-- prettier-ignore-start -->\n\n",
  );
  expect(generated).toContain("<!-- commands:end -->\nbetween\n<!-- errors:begin -->");
  expect(generated).toEndWith("<!-- configuration:end -->\nafter");
  expect(generated).not.toContain("stale words");
  expect(withGeneratedSections(generated)).toBe(generated);
});

test("a missing marker is an error that names it", () => {
  expect(() => withGeneratedSections("<!-- commands:begin -->")).toThrow("commands:end");
});
