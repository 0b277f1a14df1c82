// The command line: how arguments select an action, and the process: exit codes, errors in one line
// on stderr, signals.
import { describe, expect, onTestFinished, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import metadata from "../../package.json" with { type: "json" };
import { readArguments } from "../../src/cli/arguments.ts";
import { parseCommandLine } from "../../src/cli/command-line.ts";
import { printedText } from "../../src/cli/printed-text.ts";
import { defaultConfig } from "../../src/config/resolve.ts";
import { UsageError } from "../../src/config/usage-error.ts";
import { type Config, optionNames } from "../../src/config/options.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startBucket } from "../support/failover-processes.ts";
import { newFolder } from "../support/new-folder.ts";
import { startOkqOnRedis, startOkqProcess } from "../support/okq-process.ts";
import { startProcess } from "../support/process.ts";
import { startRedis } from "../support/redis-server.ts";
import { Wire } from "../support/wire.ts";

const anyPort = ["--store", "memory", "--listen-addr", "127.0.0.1:0"];

function configOf(...argv: string[]): Config {
  const action = parseCommandLine(argv, {});
  if (action.kind !== "serve") throw new Error("not the action serve");
  return action.config;
}

function textOf(...argv: string[]): Promise<string> {
  const action = parseCommandLine(argv, {});
  if (action.kind !== "print") throw new Error("not the action print");
  return printedText(action.text, action.topic);
}

function refusal(...argv: string[]): string {
  try {
    parseCommandLine(argv, {});
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error("it was accepted");
}

test("serves with the defaults without arguments", () => {
  expect(configOf()).toEqual(defaultConfig());
  expect(configOf("serve")).toEqual(defaultConfig());
});

test("accepts flags before and after serve, with a space or an equals sign", () => {
  const expected = { ...defaultConfig(), maxClients: 5, debug: true };
  expect(configOf("--max-clients", "5", "--debug", "serve")).toEqual(expected);
  expect(configOf("--debug", "serve", "--max-clients=5")).toEqual(expected);
  expect(configOf("serve", "--debug=true", "--max-clients", "5")).toEqual(expected);
});

test.each(optionNames.map((name) => [name]))("takes the value of --%s", (name) => {
  const shapes = { [name]: { takesValue: true, usage: "" } };
  const { values } = readArguments([`--${name}`, "007"], {
    options: shapes,
    hint: "",
    takesDash: false,
  });
  expect(values).toEqual({ [name]: ["007"] });
});

test("the last value of a repeated flag wins", () => {
  expect(configOf("--max-clients", "5", "--max-clients=6").maxClients).toBe(6);
  expect(configOf("--debug", "--debug=false").debug).toBe(false);
});

test("a repeated list flag adds to the list", () => {
  const addresses = ["--redis-sentinel-addr", "a:1,b:2", "--redis-sentinel-addr=c:3"];
  expect(configOf(...addresses).redisSentinelAddr).toBe("a:1,b:2,c:3");
});

test("values are kept as typed", () => {
  expect(configOf("--cpu-profile", "007").cpuProfile).toBe("007");
  expect(configOf("--cpu-profile=1e3").cpuProfile).toBe("1e3");
  expect(configOf("--cpu-profile", "a=b=c").cpuProfile).toBe("a=b=c");
  expect(configOf("--cpu-profile=--debug").cpuProfile).toBe("--debug");
  expect(configOf("--store", "").store).toBe("");
  expect(configOf("--store=", "--debug").store).toBe("");
});

test.each([
  [["--listenAddr", ":1"], 'unknown option "--listenAddr" (see okq --help)'],
  [["--no-debug"], 'unknown option "--no-debug" (see okq --help)'],
  [["--frob=secret"], 'unknown option "--frob" (see okq --help)'],
  [["--__proto__=1"], 'unknown option "--__proto__" (see okq --help)'],
  [["---debug"], 'unknown option "---debug" (see okq --help)'],
  [["-x"], 'unknown option "-x" (see okq --help)'],
  [["-"], 'unknown option "-" (see okq --help)'],
  [["frob"], 'unknown command "frob" (see okq --help)'],
  [["serve", "007"], 'surplus argument "007" (see okq --help)'],
  [["commands", "x"], 'surplus argument "x" (see okq --help)'],
  [["serve", "--", "x"], 'surplus argument "x" (see okq --help)'],
  [["redis://:p@h"], "unknown command that may hold a password (see okq --help)"],
  [["--max-clients"], "--max-clients needs a value: --max-clients N"],
  [["--max-clients", "--debug"], "--max-clients needs a value: --max-clients N"],
  [["--max-clients", "-5"], '--max-clients: "-5" is not a whole number'],
  [["--redis-password", "-hunter2"], "--redis-password needs a value: --redis-password PASSWORD"],
  [["--redis-addr=h:1", "--redis-addr"], "--redis-addr needs a value: --redis-addr HOST:PORT"],
  [["--max-clients="], '--max-clients: "" is not a whole number'],
  [["--debug=1"], '--debug: "1" is not true or false'],
  [["--debug", "1"], 'unknown command "1" (see okq --help)'],
])("refuses %j and names the mistake", (argv, message) => {
  expect(refusal(...argv)).toBe(message);
});

test("prints help, version, example and the command reference", async () => {
  expect(await textOf("--help")).toContain("--listen-addr");
  expect(await textOf("serve", "-h")).toBe(await textOf("--help"));
  expect(await textOf("--version")).toStartWith(`okq ${metadata.version} (bun ${Bun.version}, `);
  expect(await textOf("--example")).toContain("\nlisten-addr: :4777\n");
  expect(await textOf("commands")).toContain("QRPOP");
});

test("no line of the help is longer than 100 characters", async () => {
  const help = await textOf("--help");
  expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThan(101);
});

describe("the process", () => {
  test("reports bad usage in one line on stderr and exits with 2", async () => {
    const okq = startProcess(["--store", "redis://user:hunter2@host:port"]);
    expect(await okq.exited).toBe(2);
    expect(okq.stderr()).toMatch(/^okq: --store: the value is not of the form [^\n]*\n$/);
    expect(okq.stdout()).toBe("");
  });

  test("exits with 0 if the reader of the output closes early", async () => {
    const main = join(import.meta.dir, "../../src/main.ts");
    const shell = `"${process.execPath}" "${main}" commands | true; echo "\${PIPESTATUS[0]}"`;
    const child = Bun.spawn(["bash", "-c", shell], { stdout: "pipe", stderr: "pipe" });
    expect(await new Response(child.stderr).text()).toBe("");
    expect(await new Response(child.stdout).text()).toBe("0\n");
  });

  test("reports a port in use in one line and exits with 1", async () => {
    const first = startProcess(anyPort);
    const [, port] = await first.waitForLine(/listening .*port=(\d+)/);
    const second = startProcess(["--store", "memory", "--listen-addr", `127.0.0.1:${port}`]);
    expect(await second.exited).toBe(1);
    expect(second.stderr()).toMatch(/^\S+ error cannot start: [^\n]+\n$/);
    expect(second.stderr()).toContain(port!);
  });

  test.each([
    ["--listen-addr", "192.0.2.1:4777", "this machine does not have that address"],
    ["--listen-addr", "no-such-host.invalid:4777", "the address is not one of this machine, or "],
    ["--unix-socket", "/no/such/folder/okq.sock", "its folder does not exist"],
  ])("reports why it cannot listen with %s %s", async (flag, address, reason) => {
    const okq = startProcess(["--store", "memory", "--listen-addr=", flag, address]);
    expect(await okq.exited).toBe(1);
    expect(okq.stderr()).toContain(`cannot start: cannot listen on ${address}: ${reason}`);
  });

  test("reports an unreachable Redis in one line without its password, exits with 1", async () => {
    const okq = startProcess(["--store", "redis://:hunter2@127.0.0.1:1", "--listen-addr", ":0"]);
    expect(await okq.exited).toBe(1);
    expect(okq.stderr()).toMatch(/^\S+ error cannot start: [^\n]+127\.0\.0\.1:1[^\n]+\n$/);
    expect(okq.stderr()).not.toContain("hunter2");
  });

  test.each(["SIGTERM", "SIGINT", "SIGQUIT"] as const)(
    "%s stops it with exit code 0",
    async (signal) => {
      const okq = startProcess(anyPort);
      await okq.waitForLine(/listening/);
      okq.kill(signal);
      expect(await okq.exited).toBe(0);
      expect(okq.stderr()).toContain(`stopping signal=${signal}`);
    },
  );

  test("finds files in ~/ in the home folder, not in a folder named ~", async () => {
    const [home, cwd] = [newFolder(), newFolder()];
    const options = { cwd, env: { HOME: home } };
    const where = ["--listen-addr=", "--unix-socket=~/s", "--store=sqlite:~/a/b"];
    const okq = startProcess(where, options);
    await okq.waitForLine(/listening/);
    expect(await startProcess(["backup", "~/copy.db", ...where], options).exited).toBe(0);
    const names = readdirSync(home).filter((name) => !name.startsWith("."));
    expect(names.toSorted()).toEqual(["a", "copy.db", "s"]);
    expect(readdirSync(cwd)).toEqual([]);
    expect(refusal("backup", "~ann/copy.db")).toStartWith('backup: "~ann/copy.db" begins with ~');
  });

  test("ignores SIGUSR1 and SIGUSR2", async () => {
    const okq = await startOkqProcess(["--store", "memory"]);
    const client = await okq.connect();
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
      okq.kill(signal);
      await okq.waitForLine(new RegExp(`ignored a signal signal=${signal}`));
    }
    expect(await client.call("PING")).toEqual({ simple: "PONG" });
    okq.kill();
    expect(await okq.exited).toBe(0);
  });

  test("refuses to start when the limit of open files leaves no room for clients", async () => {
    const database = join(newFolder(), "okq.db");
    const okq = startProcess([...anyPort, "--store", `sqlite:${database}`], { fileLimit: 64 });
    expect(await okq.exited).toBe(1);
    expect(okq.stderr()).toMatch(
      /^\S+ error cannot start: the limit of open files is 64, [^\n]* raise it to 10064 for --max-/,
    );
    expect(existsSync(database)).toBeFalse();
    const pool = ["--redis-addr", "127.0.0.1:1", "--redis-pool-size", "100"];
    const onRedis = startProcess(pool, { fileLimit: 163 });
    expect(await onRedis.exited).toBe(1);
    expect(onRedis.stderr()).toContain("the limit of open files is 163, which leaves none");
  });

  test("an okq that may stand by has two open files for each client", async () => {
    const { start } = await startBucket();
    const serving = await start();
    await serving.waitForLine(/serves the queues/);
    const okq = await start([], 0, { fileLimit: 164 });
    await okq.waitForLine(/stands by/);
    expect(okq.stderr()).toContain("possible=50 limit=164 needed=20064");
    const clients = await Promise.all(
      Array.from({ length: 50 }, async () => closeAfterTest(await okq.connect())),
    );
    for (const client of clients) expect(await client.call("LLEN", "q")).toBe(0);
  });

  test("serves fewer clients and logs that when the limit of open files is low", async () => {
    const okq = startProcess(anyPort, { fileLimit: 66 });
    const [, port] = await okq.waitForLine(/listening .*port=(\d+)/);
    expect(okq.stderr()).toMatch(
      / warn +the limit of open files .* maxClients=10000 possible=2 limit=66 needed=10064\n/,
    );
    const connect = async () => closeAfterTest(await Wire.connect(Number(port)));
    const [first, second] = [await connect(), await connect()];
    expect(await first.call("PING")).toEqual({ simple: "PONG" });
    expect(await second.call("PING")).toEqual({ simple: "PONG" });
    const tooMany = { error: "ERR max number of clients reached" };
    expect(await (await connect()).untilClosed()).toEqual([tooMany]);
  });

  test("exits at once on a second signal, also with commands in flight", async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    const okq = await startOkqOnRedis(redis.port);
    const client = await okq.connect();
    redis.signal("SIGSTOP");
    client.pipeline(["QLPUSH", "q", "1", "waits for Redis"]);
    const other = await okq.connect();
    await other.call("PING");
    okq.kill("SIGTERM");
    await okq.waitForLine(/stopping/);
    okq.kill("SIGINT");
    expect(await okq.exited).toBe(130);
    expect(okq.stderr()).not.toContain("stopped");
  });

  test.each([
    ["throw new Error('boom\\nsecond line')", "boom\\u000asecond line"],
    ["Promise.reject(new Error('rejected'))", "rejected"],
    ["Promise.reject('no error at all')", "no error at all"],
  ])("logs the uncaught error of %s in one line and exits with 1", async (statement, message) => {
    const file = join(newFolder(), "fault.ts");
    writeFileSync(file, `process.on("SIGUSR2", () => { ${statement} });`);
    const okq = startProcess(anyPort, { env: { BUN_OPTIONS: `--preload ${file}` } });
    await okq.waitForLine(/listening/);
    okq.kill("SIGUSR2");
    expect(await okq.exited).toBe(1);
    const line = okq.stderr().trimEnd().split("\n").at(-1);
    expect(line).toEndWith(` error unexpected failure: ${message}`);
  });

  test("keeps running when its log has no reader any more", async () => {
    const command = [process.execPath, join(import.meta.dir, "../../src/main.ts"), ...anyPort];
    const child = Bun.spawn([...command, "--debug"], { stderr: "pipe" });
    onTestFinished(() => child.kill("SIGKILL"));
    const reader = child.stderr.getReader();
    await reader.read();
    await reader.cancel();
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test("writes a valid CPU profile at the end", async () => {
    const file = join(newFolder(), "okq.cpuprofile");
    const okq = startProcess([...anyPort, "--cpu-profile", file]);
    await okq.waitForLine(/listening/);
    okq.kill();
    expect(await okq.exited).toBe(0);
    const profile = await Bun.file(file).json();
    expect(profile.nodes[0].callFrame.functionName).toBe("(root)");
    expect(profile.samples.length).toBe(profile.timeDeltas.length);
    // The process may have ended before the first sample.
    expect(profile.endTime).toBeGreaterThanOrEqual(profile.startTime);
  });

  test("does not start if the CPU profile cannot be written", async () => {
    const okq = startProcess([...anyPort, "--cpu-profile", "/no/such/folder/file"]);
    expect(await okq.exited).toBe(1);
    expect(okq.stderr()).toMatch(/^\S+ error cannot start: [^\n]+\n$/);
  });
});
