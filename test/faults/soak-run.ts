// bun run soak [minutes] [store ...]: runs the soak on each store (sqlite, redis), 10 minutes each.
const [minutes = "10", ...stores] = process.argv.slice(2);

const env: Record<string, string | undefined> = { ...process.env, OKQ_SOAK_MINUTES: minutes };
if (stores.length > 0) env["OKQ_SOAK_STORES"] = stores.join(",");
const child = Bun.spawn([process.execPath, "test", "test/faults/soak.test.ts"], {
  env,
  stdio: ["ignore", "inherit", "inherit"],
});
void child.exited.then((code) => (process.exitCode = code));
