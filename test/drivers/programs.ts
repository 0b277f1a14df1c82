// Runs external programs that talk to okq. A test fails if its program is not installed, with the
// name of the package, so that no test is skipped unnoticed.

const debianPackages: Record<string, string> = {
  "redis-cli": "redis-tools",
  "redis-benchmark": "redis-tools",
  "/usr/bin/python3": "python3-redis and python3-celery",
  curl: "curl",
  openssl: "openssl",
  php: "php-cli and php-redis",
  go: "golang-go and golang-github-gomodule-redigo-dev",
  ruby: "ruby-redis and ruby-sidekiq",
  rsyslogd: "rsyslog and rsyslog-hiredis",
  "prometheus-redis-exporter": "prometheus-redis-exporter",
  promtool: "prometheus",
  prometheus: "prometheus",
};

const RUN_MS_MAX = 50_000;

export interface Run {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** The path of a program. Throws if it is not installed. */
export function installed(program: string): string {
  const path = Bun.which(program);
  if (path) return path;
  throw new Error(`${program} is missing: apt-get install ${debianPackages[program]}`);
}

/** Runs a program with an input. Kills it if it takes too long. */
export async function run(
  [program, ...args]: [string, ...string[]],
  input: Buffer | string = "",
): Promise<Run> {
  const child = Bun.spawn([installed(program), ...args], {
    // Debian's packages of Go are no modules.
    env: { ...process.env, GOPATH: "/usr/share/gocode", GO111MODULE: "off" },
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
    timeout: RUN_MS_MAX,
  });
  const [code, stdout, stderr] = await Promise.all([
    child.exited,
    new Response(child.stdout).arrayBuffer(),
    new Response(child.stderr).text(),
  ]);
  return { code, stdout: Buffer.from(stdout), stderr };
}
