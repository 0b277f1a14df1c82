// bun run soak [minutes] [store ...]: the soak for so long (10) on each store (sqlite and redis).
const [minutes = "10", ...stores] = process.argv.slice(2);

const env: Record<string, string | undefined> = { ...process.env, OKQ_SOAK_MINUTES: minutes };
if (stores.length > 0) env["OKQ_SOAK_STORES"] = stores.join(",");
const child = Bun.spawn([process.execPath, "test", "test/faults/soak.test.ts"], {
  env,
  stdio: ["ignore", "inherit", "inherit"],
});
void child.exited.then((code) => (process.exitCode = code));
