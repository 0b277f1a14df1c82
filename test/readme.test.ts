// The README agrees with the code: generated sections, and the lines of the log.
import { expect, test } from "bun:test";
import { resolve } from "node:path";
import {
  errorReplies,
  loggedMessages,
  quotedErrors,
  readmeFile,
  withGeneratedSections,
  writeCommand,
} from "./support/readme.ts";

test("has up-to-date generated sections", async () => {
  const readme = await Bun.file(readmeFile).text();
  if ((await withGeneratedSections(readme)) !== readme) {
    throw new Error(`README.md is out of date: run \`${writeCommand}\``);
  }
});

test("replaces only the text between the markers", async () => {
  const readme = [
    "before",
    "<!-- commands:begin -->\nstale words\n<!-- commands:end -->",
    "between",
    "<!-- settings:begin --><!-- settings:end -->",
    "<!-- errors:begin --><!-- errors:end -->",
    "<!-- metrics:begin --><!-- metrics:end -->",
    "<!-- configuration:begin --><!-- configuration:end -->",
    "<!-- api:begin --><!-- api:end -->",
    "<!-- client:begin --><!-- client:end -->",
    "<!-- exit-codes:begin --><!-- exit-codes:end -->",
    "after",
  ].join("\n");
  const generated = await withGeneratedSections(readme);
  expect(generated).toStartWith(
    "before\n<!-- commands:begin -->\n<!-- prettier-ignore-start -->\n\n",
  );
  expect(generated).toContain("<!-- commands:end -->\nbetween\n<!-- settings:begin -->");
  expect(generated).toEndWith("<!-- exit-codes:end -->\nafter");
  expect(generated).not.toContain("stale words");
  expect(await withGeneratedSections(generated)).toBe(generated);
});

test("names a missing marker in an error", async () => {
  await expect(withGeneratedSections("<!-- commands:begin -->")).rejects.toThrow("commands:end");
});

test("explains only log lines that exist", async () => {
  const messages = loggedMessages(await Bun.file(readmeFile).text());
  expect(messages.length).toBeGreaterThan(20);
  const root = resolve(import.meta.dir, "../src");
  const files = [...new Bun.Glob("**/*.ts").scanSync({ cwd: root })];
  const source = (
    await Promise.all(files.map((file) => Bun.file(resolve(root, file)).text()))
  ).join();
  // Parts of a message that vary are "..." in the README; " failed" may be added to a part.
  const parts = messages.flatMap((message) => message.replace(/ failed$/, "").split("..."));
  expect(parts.map((part) => part.trim()).filter((part) => !source.includes(part))).toEqual([]);
});

test("quotes only error replies that exist", async () => {
  const isReply = await errorReplies();
  const quoted = quotedErrors(await Bun.file(readmeFile).text());
  expect(quoted.length).toBeGreaterThan(90);
  expect(quoted.filter((text) => !isReply(text))).toEqual([]);
});

test("finds error replies that do not exist, and no others", async () => {
  const isReply = await errorReplies();
  const wrong = ["ERR too many registrations", "ERR too few", "ERR title too long", "ERR x"];
  const right = ["ERR too many queues", "ERR id too long", "ERR event too large, N of at most M"];
  const cut = ["NOPERM", "ERR too many ...", "ERR duplicate event", "ERR store refused"];
  expect(wrong.filter(isReply)).toEqual([]);
  expect([...right, ...cut].filter((text) => !isReply(text))).toEqual([]);
});

test("links only to headings that exist", async () => {
  const readme = await Bun.file(readmeFile).text();
  const prose = readme.replaceAll(/^ *```.*?^ *```$/gms, "");
  const headings = prose.matchAll(/^#+ (.*)$/gm).map(([, heading]) => anchorOf(heading!));
  const anchors = new Set(headings);
  const links = [...prose.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor!);
  expect(links.length).toBeGreaterThan(15);
  expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([]);
});

function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replaceAll(/[^\w -]/g, "");
  return words.replaceAll(" ", "-");
}
