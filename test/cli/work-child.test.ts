// The command of `okq work`: its process group, stdin, output and end.
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Child, type ChildPlan } from "../../src/cli/work/child.ts";
import { GroupGuard } from "../../src/cli/work/group-guard.ts";
import { isGroupAlive } from "../../src/cli/work/process-group.ts";
import { closeAfterTest, noteProcess } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";

const env = { PATH: process.env["PATH"]! };

const newGuard = () => closeAfterTest(new GroupGuard(1000));

function run(script: string, plan: Partial<ChildPlan> = {}, guard = newGuard()) {
  const output: Uint8Array[] = [];
  const errors: Uint8Array[] = [];
  const child = new Child(
    {
      argv: ["sh", "-c", script],
      env,
      stdin: Buffer.alloc(0),
      takeOutput: (chunk) => void output.push(chunk),
      takeErrors: (chunk) => void errors.push(chunk),
      ...plan,
    },
    guard,
  );
  closeAfterTest({ close: () => child.kill() });
  return { child, output: () => Buffer.concat(output), errors: () => Buffer.concat(errors) };
}

/** Every byte value, and more than a pipe takes at once. */
const allBytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 31) & 255));

test("gives the contents on stdin byte for byte, also a part of a larger buffer", async () => {
  for (const stdin of [allBytes, allBytes.subarray(7, 900), Buffer.from("x\0y"), Buffer.alloc(0)]) {
    const { child, output } = run("cat", { stdin });
    expect(await child.ended).toEqual({ code: 0, signal: null, lastErrors: "" });
    expect(output().equals(stdin)).toBe(true);
  }
});

test("a command may leave its stdin unread", async () => {
  const { child } = run("exit 3", { stdin: allBytes });
  expect(await child.ended).toMatchObject({ code: 3, signal: null });
});

test("leads a process group and a session of its own", async () => {
  const { child, output } = run("ps -o pgid=,sid= -p $$");
  await child.ended;
  expect(output().toString().trim().split(/\s+/)).toEqual([`${child.pid}`, `${child.pid}`]);
});

test("keeps the last 4 KiB of stderr and passes all of it on", async () => {
  const { child, errors } = run("seq 100000 >&2; exit 1");
  const { code, lastErrors } = await child.ended;
  expect(code).toBe(1);
  expect(errors().toString()).toStartWith("1\n2\n3\n");
  expect(errors().toString().endsWith(`${lastErrors}\n`)).toBe(true);
  expect(lastErrors.length).toBeGreaterThan(4000);
  expect(lastErrors.length).toBeLessThanOrEqual(4096);
});

test("a script may open its stdout and stderr by their names", async () => {
  const { child, output, errors } = run("echo out > /dev/stdout; echo err > /dev/stderr");
  expect(await child.ended).toMatchObject({ code: 0 });
  expect([output().toString(), errors().toString()]).toEqual(["out\n", "err\n"]);
});

test("leaves no descriptor open", async () => {
  const descriptors = () => readdirSync("/proc/self/fd").length;
  const guard = newGuard();
  guard.start();
  const before = descriptors();
  for (let round = 0; round < 50; round++) {
    const { child } = run("echo out; echo err >&2; sleep 1 & exit 0", {}, guard);
    if (round % 10 === 0) await child.ended;
    else child.kill();
    await child.ended;
    expect(() => run("", { argv: ["/nowhere/program"] }, guard)).toThrow("ENOENT");
  }
  await eventually(() => descriptors() < before + 40, { message: "all pipes are closed" });
});

test("tells the signal that killed it", async () => {
  const { child } = run("kill -SEGV $$");
  expect(await child.ended).toMatchObject({ code: null, signal: "SIGSEGV" });
});

test("has ended when the command has, though a process left behind keeps its pipes", async () => {
  const { child, output } = run("echo begun; sleep 60 & echo over");
  expect(await child.ended).toMatchObject({ code: 0 });
  expect(output().toString()).toBe("begun\nover\n");
  expect(isGroupAlive(child.pid)).toBe(true);
});

test("has ended though a process in the background writes without end", async () => {
  const { child, output } = run("echo begun; (while echo more; do :; done) 2> /dev/null & exit 0");
  expect(await child.ended).toMatchObject({ code: 0 });
  expect(output().toString()).toStartWith("begun\n");
  await eventually(() => !isGroupAlive(child.pid), { message: "it is told by SIGPIPE" });
});

test("waits with the end until its output was taken", async () => {
  const release = Promise.withResolvers<void>();
  let taken = 0;
  const { child } = run("seq 200000", {
    async takeOutput(chunk) {
      await release.promise;
      taken += chunk.length;
    },
  });
  let hasEnded = false;
  void child.ended.then(() => (hasEnded = true));
  const other = run("exit 0");
  await other.child.ended;
  expect(hasEnded).toBe(false);
  release.resolve();
  expect(await child.ended).toMatchObject({ code: 0 });
  expect(taken).toBe(1_288_895);
});

test("rejects when its output is not taken", async () => {
  const { child } = run("seq 10; sleep 60", {
    takeOutput: () => Promise.reject(new Error("closed")),
  });
  await expect(child.ended).rejects.toThrow("closed");
  await child.stop(0);
});

test("a stop ends the whole group with SIGTERM", async () => {
  const { child, output } = run("trap 'echo told; exit 5' TERM; sh -c 'echo on; sleep 60' & wait");
  await eventually(() => output().toString() === "on\n");
  await child.stop(60_000);
  expect(isGroupAlive(child.pid)).toBe(false);
  expect(await child.ended).toMatchObject({ code: 5 });
  expect(output().toString()).toBe("on\ntold\n");
});

test("a stop kills what is left of the group when the grace is over", async () => {
  const script = "(trap '' TERM; echo on; while :; do sleep 1; done) & trap 'exit 0' TERM; wait";
  const { child, output } = run(script);
  await eventually(() => output().toString() === "on\n");
  await child.stop(200);
  await eventually(() => !isGroupAlive(child.pid), { message: "the group is gone" });
  expect(await child.ended).toMatchObject({ code: 0 });
});

test("a stop ends it though nobody takes its output", async () => {
  const { child } = run("seq 200000; sleep 60", {
    takeOutput: () => Promise.withResolvers<void>().promise,
  });
  await child.stop(1000);
  expect(await child.ended).toMatchObject({ signal: "SIGTERM" });
});

test("throws if the command cannot be started", () => {
  const start = (argv: string[]) => () => run("", { argv });
  expect(start(["/nowhere/program"])).toThrow(expect.objectContaining({ code: "ENOENT" }));
  expect(start(["no-such-program"])).toThrow(expect.objectContaining({ code: "ENOENT" }));
  expect(start(["/etc/passwd"])).toThrow(expect.objectContaining({ code: "EACCES" }));
  const long = "x".repeat(200_000);
  expect(start(["true", long])).toThrow(expect.objectContaining({ code: "E2BIG" }));
});

test("the guard ends a command that its worker has started and could not name", async () => {
  const guard = new GroupGuard(1000);
  const announced = guard.announce();
  const child = Bun.spawn(["sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.05; done"], {
    env: { ...env, OKQ_RUN: announced },
    detached: true,
  });
  noteProcess(child, "a command without a name");
  guard.close();
  expect([9, 143]).toContain(await child.exited);
});

test("the guard ends the groups of a worker that is gone, and no others", async () => {
  const file = join(newFolder(), "told");
  const guard = new GroupGuard(1000);
  const start = (script: string) => {
    const argv = ["sh", "-c", script];
    const stdin = Buffer.alloc(0);
    const child = new Child({ argv, env, stdin, takeOutput: () => {}, takeErrors() {} }, guard);
    closeAfterTest({ close: () => child.kill() });
    return child;
  };
  const told = start(`trap 'echo told > ${file}; exit 9' TERM; sh -c 'sleep 60' & wait`);
  const deaf = start("trap '' TERM; while :; do sleep 1; done");
  const done = start("sleep 60 & exit 0");
  expect(await done.ended).toMatchObject({ code: 0 });
  guard.close();
  expect(await told.ended).toMatchObject({ code: 9 });
  expect(await deaf.ended).toMatchObject({ signal: "SIGKILL" });
  expect(existsSync(file) && readFileSync(file, "utf8")).toBe("told\n");
  expect(isGroupAlive(done.pid)).toBe(true);
  await eventually(() => !isGroupAlive(told.pid), { message: "the told group is gone" });
});
