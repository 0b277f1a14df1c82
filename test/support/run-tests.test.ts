// A test file fails also for other reasons than a failed test.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { newFolder } from "./new-folder.ts";
import { againAlone, type Ended, runFile } from "./run-tests.ts";

async function run(text: string): Promise<Ended> {
  const folder = newFolder();
  const file = join(folder, "some.test.ts");
  await Bun.write(file, `import { expect, test } from "bun:test";\n${text}\n`);
  return await runFile(file, folder);
}

const fine = 'test("fine", () => {});';

test("passes if the tests pass, and counts skipped ones", async () => {
  const ended = await run(`${fine} test("so too", () => {}); test.skip("not now", () => {});`);
  expect(ended).toMatchObject({ passed: 2, failed: 0, skipped: 1, problems: [] });
  expect(ended.output).toContain("(pass) so too");
});

test("fails if a test fails", async () => {
  const ended = await run(`${fine} test("wrong", () => expect(1).toBe(2));`);
  expect(ended).toMatchObject({ passed: 1, failed: 1, problems: [] });
});

test("fails if an error comes after the tests", async () => {
  const late = 'import { afterAll } from "bun:test"; afterAll(() => { throw new Error("late"); });';
  expect(await run(`${late} ${fine}`)).toMatchObject({ failed: 1 });
});

test.each([
  ["no test in it", "", "ran no test"],
  ["an import that fails", 'import "./nowhere.ts";', "ran no test"],
  ["a test that ends the process", `${fine} test("ends", () => process.exit(0));`, "ran no test"],
  [
    "a test that crashes it",
    `${fine} test("crashes", () => process.kill(process.pid, "SIGKILL"));`,
    "ended with SIGKILL",
  ],
  [
    "a process left behind",
    'test("leaves", () => Bun.spawn(["tail", "-f", "/dev/null"], { stdin: "ignore" }).unref());',
    "left behind: tail -f /dev/null",
  ],
])("fails with %s", async (_, text, problem) => {
  const { failed, problems } = await run(text);
  expect([failed, problems.join("\n")]).toEqual([1, expect.stringContaining(problem)]);
});

test.each([
  ["passes twice", [], 0],
  ["fails again", [1], 1],
  ["fails the second time", [2], 1],
])("a failed file that %s when it is run again alone", async (_, failing, failed) => {
  const folder = newFolder();
  const count = join(folder, "count");
  await Bun.write(count, "0");
  const file = join(folder, "some.test.ts");
  await Bun.write(
    file,
    `import { expect, test } from "bun:test";
    test("counts", async () => {
      const times = Number(await Bun.file("${count}").text());
      await Bun.write("${count}", String(times + 1));
      expect(${JSON.stringify([0, ...failing])}).not.toContain(times);
    });`,
  );
  const first = await runFile(file, folder);
  const printed: string[] = [];
  const [again] = await againAlone([first], folder, (text) => printed.push(text));
  const says = `--- unsteady: ${file} failed once, then passed twice`;
  expect(printed.includes(says)).toBe(failed === 0);
  expect([first.failed, again!.failed]).toEqual([1, failed]);
  expect(await Bun.file(count).text()).toBe("3");
});
