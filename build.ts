// Builds executables in dist/: `bun run build` for this platform, with --all for every platform,
// with SHA256SUMS.
import { mkdir, rm } from "node:fs/promises";
import { basename, resolve } from "node:path";

const platforms = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
  "windows-x64",
] as const;
type Platform = (typeof platforms)[number];

const dist = resolve(import.meta.dir, "dist");

/**
 * Compiles one executable. Throws an error with all messages of the bundler. The executable reads
 * neither .env nor bunfig.toml in its working folder. Names are kept for stack traces and profiles.
 */
export async function buildExecutable(outfile: string, platform?: Platform): Promise<void> {
  const result = await Bun.build({
    entrypoints: [resolve(import.meta.dir, "src/main.ts")],
    minify: { whitespace: true, syntax: true, identifiers: false },
    bytecode: true,
    format: "esm",
    sourcemap: "inline",
    define: { "process.env.NODE_ENV": '"production"' },
    throw: false,
    compile: {
      ...(platform && { target: `bun-${platform}` as Bun.Build.CompileTarget }),
      outfile,
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
  // The executable contains the source map.
  await rm(`${outfile.replace(/\.exe$/, "")}.map`, { force: true });
  if (!result.success) throw new Error(result.logs.map(describe).join("\n"));
}

function describe({ message, position }: BuildMessage | ResolveMessage): string {
  return position ? `${position.file}:${position.line}: ${message}` : message;
}

function outfileFor(platform: Platform): string {
  const [os, arch, musl] = platform.split("-");
  const name = ["okq", os === "darwin" ? "macos" : os, arch, musl].filter(Boolean).join("-");
  return resolve(dist, platform.startsWith("windows") ? `${name}.exe` : name);
}

async function buildAll(): Promise<void> {
  const sums: string[] = [];
  for (const platform of platforms) {
    const outfile = outfileFor(platform);
    await buildExecutable(outfile, platform);
    const hash = new Bun.CryptoHasher("sha256").update(await Bun.file(outfile).bytes());
    sums.push(`${hash.digest("hex")}  ${basename(outfile)}`);
    console.log(`built ${outfile}`);
  }
  await Bun.write(resolve(dist, "SHA256SUMS"), `${sums.join("\n")}\n`);
}

async function main(args: string[]): Promise<void> {
  if (args.some((arg) => arg !== "--all")) throw new Error("usage: bun run build [--all]");
  await mkdir(dist, { recursive: true });
  if (args.length > 0) return buildAll();
  const outfile = resolve(dist, process.platform === "win32" ? "okq.exe" : "okq");
  await buildExecutable(outfile);
  console.log(`built ${outfile}`);
}

if (import.meta.main) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(`build failed: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
