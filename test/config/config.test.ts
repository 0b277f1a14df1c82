// Options from flags, environment and file: precedence, and the errors for mistakes.
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { defaultConfig, resolveConfig } from "../../src/config/resolve.ts";
import {
  environmentName,
  optionNames,
  options,
  sqliteFile,
  type OptionName,
} from "../../src/config/options.ts";
import { UsageError } from "../../src/config/usage-error.ts";
import {
  configurationMarkdown,
  exampleConfigFile,
  optionsHelp,
} from "../../src/config/config-text.ts";
import { newFolder } from "../support/new-folder.ts";

type Flags = Parameters<typeof resolveConfig>[0];

function configFile(content: string): string {
  const file = join(newFolder(), "okq.conf");
  writeFileSync(file, content);
  return file;
}

function refusal(flags: Flags, env: Record<string, string> = {}): string {
  try {
    resolveConfig(flags, env);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).not.toContain("\n");
    return (error as Error).message;
  }
  throw new Error("it was accepted");
}

test("flags override the environment, which overrides the file, which overrides defaults", () => {
  const config = configFile("max-clients: 1\nredis-pool-size: 3\nbg-push-pool-size: 1\n");
  const env = { OKQ_MAX_CLIENTS: "2", OKQ_REDIS_POOL_SIZE: "2", OKQ_CONFIG: config };
  expect(resolveConfig({ "max-clients": "3" }, env)).toEqual({
    ...defaultConfig(),
    maxClients: 3,
    redisPoolSize: 2,
    bgPushPoolSize: 1,
    config,
  });
});

test("the default store is a database in the working folder", () => {
  expect(sqliteFile(defaultConfig())).toBe("okq-data/okq.db");
  expect(sqliteFile(resolveConfig({ store: "sqlite:/var/lib/okq.db" }, {}))).toBe(
    "/var/lib/okq.db",
  );
  expect(sqliteFile(resolveConfig({}, { OKQ_STORE: "sqlite:a:b.db" }))).toBe("a:b.db");
  for (const flags of [{ store: "memory" }, { store: "redis://h" }, { "redis-addr": "h:1" }]) {
    expect(sqliteFile(resolveConfig(flags, {}))).toBeNull();
  }
});

test("an address for HTTP is asked for also if it is the default", () => {
  const addr = defaultConfig().httpAddr;
  const config = configFile(`http-addr: ${addr}\n`);
  expect(defaultConfig().isHttpAddrGiven).toBeFalse();
  expect(resolveConfig({ "http-addr": addr }, {}).isHttpAddrGiven).toBeTrue();
  expect(resolveConfig({}, { OKQ_HTTP_ADDR: addr }).isHttpAddrGiven).toBeTrue();
  expect(resolveConfig({ config }, {}).isHttpAddrGiven).toBeTrue();
});

test.each<[Flags, string]>([
  [{ "http-prefix": "okq" }, "--http-prefix: "],
  [{ "http-prefix": "/" }, "--http-prefix: "],
  [{ "http-prefix": "/okq/" }, "--http-prefix: "],
  [{ "http-prefix": "/a/../b" }, "--http-prefix: "],
  [{ "http-prefix": "/a%20b" }, "--http-prefix: "],
  [{ "http-host": "https://queues.example" }, "--http-host: "],
  [{ "http-host": "queues.example:443" }, "--http-host: "],
  [{ "http-host": "*" }, "--http-host: "],
])("refuses %j", (flags, message) => {
  expect(refusal(flags, {})).toStartWith(message);
});

test("empty and unknown environment variables count as not set", () => {
  const env = { OKQ_MAX_CLIENTS: "", OKQ_PORT_4777_TCP: "tcp://10.0.0.1:4777" };
  expect(resolveConfig({}, env)).toEqual(defaultConfig());
});

test("the example config file sets the defaults", () => {
  const config = configFile(exampleConfigFile());
  const given = { config, isHttpAddrGiven: true };
  expect(resolveConfig({ config }, {})).toEqual({ ...defaultConfig(), ...given });
});

test("help, example file and README table name every option", () => {
  for (const name of optionNames) {
    expect(optionsHelp()).toContain(`--${name}`);
    expect(optionsHelp()).toContain(environmentName(name));
    expect(configurationMarkdown()).toContain(`--${name}`);
    if (name !== "config") expect(exampleConfigFile()).toContain(`\n${name}:`);
  }
});

test("help and README table show the range of every number", () => {
  const numbers = optionNames.filter((name) => options[name].kind === "integer");
  expect(numbers.length).toBeGreaterThan(10);
  for (const name of numbers) {
    const { range }: { range?: string } = options[name];
    const limits = range!.replace(/ m?s$/, "").split(" to ");
    for (const limit of limits) expect(options[name].parse(limit)).toBeNumber();
    expect(optionsHelp()).toContain(`, ${range}, ${environmentName(name)}]`);
    expect(configurationMarkdown()).toContain(` (${range}) |`);
  }
});

test("a config file may have comments, CRLF, a byte order mark and a # inside a value", () => {
  const lines = [
    "\uFEFF# a comment",
    "",
    "  # another",
    "store:  redis://:a#b@h:1 ",
    "debug: true",
  ];
  const config = resolveConfig({ config: configFile(lines.join("\r\n")) }, {});
  expect(config).toMatchObject({ store: "redis://:a#b@h:1", debug: true });
});

test("quotes around a value in a config file are not part of it", () => {
  const lines = [
    'store: "sqlite:/var/lib/okq/my queues.db"',
    "password: 'a \"b\" # c'",
    "tls-cert: it's",
    'listen-addr: ""',
    "unix-socket:   '/run/okq.sock'  ",
    'users: "  "',
    "tls-listen-addr: ':1'",
    'tls-key: "/key"',
  ];
  expect(resolveConfig({ config: configFile(lines.join("\n")) }, {})).toMatchObject({
    store: "sqlite:/var/lib/okq/my queues.db",
    password: 'a "b" # c',
    tlsCert: "it's",
    listenAddr: "",
    unixSocket: "/run/okq.sock",
    users: "  ",
  });
});

test("~~/ means the home folder in every path option", () => {
  const file = join(homedir(), "x");
  const paths = optionNames.filter((name) => /^(FILE|PATH)$/.test(options[name].placeholder));
  expect(paths.length).toBeGreaterThan(12);
  for (const name of paths) {
    expect(options[name].parse("~/x")).toBe(file);
    expect(options[name].parse("~")).toBe(homedir());
    expect(options[name].parse("./~/x")).toBe("./~/x");
    expect(() => options[name].parse("~ann/x")).toThrow("begins with ~ and a name: write the wh");
  }
  const config = configFile("store: sqlite:~/x\nredis-password-file: ~/y\n");
  expect(resolveConfig({ store: "sqlite:~/x" }, {}).store).toBe(`sqlite:${file}`);
  expect(resolveConfig({}, { OKQ_STORE: "sqlite:~/x" }).store).toBe(`sqlite:${file}`);
  expect(refusal({ config })).toContain("redis-password-file contradict each other");
  expect(resolveConfig({ "redis-addr": "~/x" }, {}).redisAddr).toBe(file);
  expect(refusal({ store: "sqlite:~ann/x" })).toStartWith('--store: "sqlite:~ann/x" begins with ~');
  expect(refusal({ store: "redis+unix://~/x" })).toStartWith("--store: the value is not of the fo");
  expect(refusal({ config: "~/no/such" })).toContain(`cannot read "${homedir()}/no/such"`);
});

test.each([
  ["what is this", /okq\.conf:2: expected "name: value"$/],
  ["no-such-option: 1", /okq\.conf:2: unknown option "no-such-option" \(see okq --example\)$/],
  ["__proto__: 1", /okq\.conf:2: unknown option "__proto__" \(see okq --example\)$/],
  ["max-clients: many", /okq\.conf:2: max-clients: "many" is not a whole number$/],
  ["config: other.conf", /okq\.conf:2: a config file cannot name another config file$/],
  ['store: "memory', /okq\.conf:2: store: the value has a quote at one end only; /],
  ["users: sqlite:'/x'", /okq\.conf:2: users: the value has a quote at one end only; /],
  [
    `password: "secret'`,
    /okq\.conf:2: password: the value has a quote at one end only; (?!.*secret)/,
  ],
  ['password: "', /okq\.conf:2: password: the value has a quote at one end only; /],
  ['users: "a" "b"', /okq\.conf:2: users: the value has a quote at one end only; /],
  ["debug: true\ndebug: false", /okq\.conf:3: debug is already set above$/],
])("refuses a config file with the line %j and names the line", (line, message) => {
  expect(refusal({ config: configFile(`# first\n${line}\n`) })).toMatch(message);
});

test("the error for an unreadable config file names the option or variable", () => {
  expect(refusal({}, { OKQ_CONFIG: "/no/such" })).toStartWith('OKQ_CONFIG: cannot read "/no/such"');
  expect(refusal({ config: tmpdir() })).toStartWith("--config: cannot read");
});

const invalid: [OptionName, string, string][] = [
  ["listen-addr", ":99999", '":99999" has a port above 65535'],
  ["listen-addr", "4777", '"4777" is not an address: host:port, [ipv6]:port or :port'],
  ["listen-addr", "::1:4777", '"::1:4777" is not an address: host:port, [ipv6]:port or :port'],
  ["tls-listen-addr", "4777", '"4777" is not an address: host:port, [ipv6]:port or :port'],
  ["unix-socket", "/".repeat(108), `"${"/".repeat(60)}..." is longer than 107 bytes`],
  ["unix-socket-mode", "rwx", '"rwx" is not three octal digits such as 770'],
  ["unix-socket-mode", "1777", '"1777" is not three octal digits such as 770'],
  ["redis-addr", "h:0", '"h:0" has port 0'],
  ["redis-addr", "redis://h:1", "the value is a URL: give it to --store"],
  ["redis-addr", "h:1?password=x", "the value is not an address: host:port, [ipv6]:port or :port"],
  [
    "redis-addr",
    "h:1,x",
    '"h:1,x" names "x", which is not an address: host:port, [ipv6]:port or :port',
  ],
  ["redis-sentinel-addr", "/run/s", '"/run/s" is not an address: host:port, [ipv6]:port or :port'],
  ["redis-sentinel-group", "a/b", '"a/b" has characters other than letters, digits, . - and _'],
  ["redis-wait", "-1", '"-1" is not a whole number'],
  ["redis-pool-size", "0", '"0" is not between 1 and 1024'],
  ["max-clients", "-1", '"-1" is not a whole number'],
  ["max-clients", "1e3", '"1e3" is not a whole number'],
  ["max-clients", "1kb", '"1kb" is not a whole number'],
  ["memory-budget", "5x", '"5x" is not a number of bytes, such as 1024, 64kb or 64mb'],
  ["max-clients", "1kb", '"1kb" is not a whole number'],
  ["redis-timeout", "0", '"0" is not between 1 and 3600000 ms'],
  ["login-timeout", "99999999", '"99999999" is not between 0 and 31536000 s'],
  ["max-name-bytes", "63", '"63" is not between 64 and 64kb'],
  ["max-event-bytes", "1gb", '"1gb" is not between 1 and 512mb'],
  ["max-event-bytes", "9".repeat(400), `"${"9".repeat(60)}..." is not between 1 and 512mb`],
  ["debug", "yes", '"yes" is not true or false'],
  ["log-format", "xml", '"xml" is not one of text, json'],
  [
    "store",
    "disk",
    '"disk" is not a store: sqlite:FILE, memory, s3://bucket/prefix, or the URL of a Redis ' +
      "(see okq --help)",
  ],
  ["store", "sqlite:", '"sqlite:" has no file name: sqlite:FILE'],
  ["fsync", "sometimes", '"sometimes" is not one of always, everysec, no'],
];

describe("refuses the invalid value", () => {
  test.each(invalid)("--%s %p", (name, value, reason) => {
    expect(refusal({ [name]: value })).toBe(`--${name}: ${reason}`);
    if (value === "") return;
    expect(refusal({}, { [environmentName(name)]: value })).toBe(
      `${environmentName(name)}: ${reason}`,
    );
  });
});

test("refuses two different stores and names the source of each", () => {
  const env = { OKQ_REDIS_ADDR: "h:1" };
  expect(refusal({ store: "redis://h:1" }, env)).toBe(
    "--store and OKQ_REDIS_ADDR contradict each other: give only one of them",
  );
  expect(resolveConfig({ "redis-addr": "", store: "memory" }, env).store).toBe("memory");
});

test.each([
  "redis://:hunter2",
  "redis://:12345678",
  "redis://user:hunter2@",
  "redis://user:hunter2@host:99999",
  "redis://user:hunter2@host:6379/db",
  "redis://user:hun%ter2@host:6379",
  "redis://user:hunter2@host@host:6379",
  "redis:/user:hunter2@host",
  "rediss:/user:hunter2@host:6379",
  "redis+sentinel://user:hunter2@host:6379",
  "redis+cluster://user:hunter2@host:6379/1",
  "redis+unix://user:hunter2@host/path",
  "redis+other://user:hunter2@host:6379",
  "user:hunter2@host:6379",
])("does not show the password in the invalid store %s", (store) => {
  const messages = [refusal({ store }), refusal({}, { OKQ_STORE: store })];
  messages.push(refusal({ config: configFile(`store: ${store}`) }));
  if (store.includes("@")) messages.push(refusal({ "redis-addr": store }));
  for (const message of messages) expect(message).not.toMatch(/hunter2|hun%ter2|12345678/);
});

test("sizes may have a unit, a multiple of 1024", () => {
  const bytes = (text: string) => options["max-event-bytes"].parse(text);
  expect([bytes("1"), bytes("2kb"), bytes("64MiB")]).toEqual([1, 2048, 67_108_864]);
});

test("an empty address turns plain TCP off if there is another listener", () => {
  const socket = { "listen-addr": "", "unix-socket": "/run/okq.sock" };
  expect(resolveConfig(socket, {})).toMatchObject({ listenAddr: "", unixSocketMode: "700" });
  expect(refusal({ "listen-addr": "" })).toBe(
    "--listen-addr: is empty, so --tls-listen-addr or --unix-socket is needed",
  );
});

test.each<[Flags, Record<string, string>, string]>([
  [
    { password: "x" },
    { OKQ_PASSWORD_FILE: "f" },
    "--password and OKQ_PASSWORD_FILE contradict each other: give only one of them",
  ],
  [{ "tls-listen-addr": ":1" }, {}, "--tls-listen-addr needs --tls-cert and --tls-key"],
  [{ "tls-cert": "f" }, {}, "--tls-cert needs --tls-listen-addr or --http-addr"],
  [{ "tls-cert": "f", "http-addr": "" }, {}, "--tls-cert needs --tls-listen-addr or --http-addr"],
  [{ "tls-key": "f", "http-addr": ":1" }, {}, "--tls-key needs --tls-cert and --tls-key"],
  [
    { "tls-client-ca": "f", "http-addr": ":1" },
    {},
    "--tls-client-ca needs --tls-cert and --tls-key",
  ],
  [{ "unix-socket-mode": "770" }, {}, "--unix-socket-mode needs --unix-socket"],
  [{}, { OKQ_TLS_CLIENT_CA: "f" }, "OKQ_TLS_CLIENT_CA needs --tls-listen-addr or --http-addr"],
  [{ password: "" }, {}, "--password: the value is empty"],
  [{ "password-file": "" }, {}, "--password-file: the value is empty"],
  [{ users: "" }, {}, "--users: the value is empty"],
  [{ "tls-client-ca": "" }, {}, "--tls-client-ca: the value is empty"],
])("refuses %j with %j: %s", (flags, env, message) => {
  expect(refusal(flags, env)).toBe(message);
});

test("an error about a secret does not show it", () => {
  const secrets = optionNames.filter((name) => options[name].isSecret);
  expect(secrets).toContain("password");
  const env = { OKQ_PASSWORD: "hunter2", OKQ_PASSWORD_FILE: "f" };
  expect(refusal({}, env)).not.toContain("hunter2");
});
