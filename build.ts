// Builds in dist/: `bun run build` makes the executable for this platform, with --all those for
// every platform, with SHA256SUMS. Both make the npm package of the client in dist/npm.
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import metadata from "./package.json" with { type: "json" };

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

const root = import.meta.dir;
const dist = resolve(root, "dist");

/**
 * Compiles one executable. Throws an error with all messages of the bundler. The executable reads
 * neither .env nor bunfig.toml in its working folder. Names are kept for stack traces and profiles.
 */
export async function buildExecutable(outfile: string, platform?: Platform): Promise<void> {
  const result = await Bun.build({
    entrypoints: [resolve(root, "src/main.ts")],
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

/** What the npm package exports, and the folder of src that it comes from. */
const entries = ["client", "testing"] as const;

/**
 * Makes the npm package: modules for Node 20 and later, which share their parts, and their types.
 * Throws an error with all messages of the bundler, or of the compiler.
 */
export async function buildPackage(outdir: string): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
  const result = await Bun.build({
    entrypoints: entries.map((name) => resolve(root, `src/${name}/${name}.ts`)),
    target: "node",
    format: "esm",
    splitting: true,
    external: ["ioredis"],
    sourcemap: "linked",
    naming: { entry: "[name].js", chunk: "shared-[hash].js" },
    outdir,
    throw: false,
  });
  if (!result.success) throw new Error(result.logs.map(describe).join("\n"));
  for (const { path, kind } of result.outputs) if (kind === "sourcemap") await nameSources(path);
  await writeTypes(join(outdir, "types"));
  await Bun.write(join(outdir, "package.json"), `${JSON.stringify(packageJson(), null, 2)}\n`);
  await Bun.write(join(outdir, "README.md"), packageReadme(await readmeText()));
  await copyFile(resolve(root, "LICENSE"), join(outdir, "LICENSE"));
}

/** The bundler names sources as seen from the output, with folders of this machine. */
async function nameSources(path: string): Promise<void> {
  const map = (await Bun.file(path).json()) as { sources: string[] };
  const sources = map.sources.map((source) => relative(root, resolve(dirname(path), source)));
  await Bun.write(path, JSON.stringify({ ...map, sources }));
}

function packageJson(): object {
  const { name, version, license, dependencies } = metadata;
  const paths = (entry: string) => ({
    types: `./types/${entry}/${entry}.d.ts`,
    // Also for require(), which loads modules from Node 20.19 on.
    default: `./${entry}.js`,
  });
  return {
    name,
    version,
    description: "Client, workers and a test double for okq, a queue server",
    license,
    type: "module",
    engines: { node: ">=20" },
    exports: {
      ...Object.fromEntries(entries.map((entry) => [`./${entry}`, paths(entry)])),
      "./package.json": "./package.json",
    },
    sideEffects: false,
    dependencies: { ioredis: dependencies.ioredis },
  };
}

/** Declarations of what the entries show. Also checks that Node 20 has all that they use. */
async function writeTypes(outdir: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "okq-types-"));
  try {
    await compileTypes(folder);
    const left = entries.map((name) => `${name}/${name}.d.ts`);
    const written = new Set(left);
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      const text = await Bun.file(join(folder, "src", path)).text();
      for (const [, specifier] of text.matchAll(relativeSpecifier)) {
        const target = join(dirname(path), `${specifier}.d.ts`);
        if (written.has(target)) continue;
        written.add(target);
        left.push(target);
      }
      const declared = text.replaceAll(relativeSpecifier, '"$1.js"');
      await Bun.write(join(outdir, path), `${NODE_TYPES}${declared}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

const relativeSpecifier = /"(\.{1,2}\/[^"]+)\.ts"/g;
const NODE_TYPES = '/// <reference types="node" />\n';

async function compileTypes(outdir: string): Promise<void> {
  const files = entries.map((name) => `src/${name}/${name}.ts`);
  const emit = ["--declaration", "--emitDeclarationOnly", "--rootDir", ".", "--outDir", outdir];
  // Node 20 has texts that know whether they are well-formed, but not the rest of ES2024.
  const node20 = "--target es2023 --lib es2023,es2024.string,esnext.disposable --types node";
  const modules = "--module preserve --allowImportingTsExtensions --resolveJsonModule";
  const strict = "--strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --skipLibCheck";
  const options = `--ignoreConfig ${node20} ${modules} ${strict}`.split(" ");
  const compiler = resolve(root, "node_modules/typescript/bin/tsc");
  const command = [process.execPath, compiler, ...files, ...emit, ...options];
  const child = Bun.spawn(command, { cwd: root, stdout: "pipe", stderr: "inherit" });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(output.trim());
}

function readmeText(): Promise<string> {
  return Bun.file(resolve(root, "README.md")).text();
}

const README_HEAD = `# okq

A client, workers and a test double for okq, a queue server that speaks the Redis protocol. Words in
capitals, such as QPUSH, are commands of okq, which its README explains.
`;

/** The sections of the README about the package. Links out of them become names of sections. */
export function packageReadme(readme: string): string {
  const sections = ["TypeScript client", "Testing"].map((heading) => {
    const start = readme.indexOf(`\n## ${heading}\n`);
    if (start < 0) throw new Error(`the README has no section "${heading}"`);
    const end = readme.indexOf("\n## ", start + 1);
    return readme.slice(start + 1, end < 0 ? undefined : end).trim();
  });
  const text = [README_HEAD.trim(), ...sections].join("\n\n");
  const own = headingsOf(text);
  const all = headingsOf(readme);
  const linked = text.replaceAll(/\[([^\]]+)\]\(#([^)]+)\)/g, (link, shown, anchor) =>
    own.has(anchor) ? link : `${shown} ("${all.get(anchor)}" in the README of okq)`,
  );
  return `${linked}\n`;
}

/** By the names with which links name them. */
function headingsOf(text: string): Map<string, string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  return new Map(headings.map((heading) => [anchorOf(heading), heading]));
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
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
  const packageFolder = resolve(dist, "npm");
  await buildPackage(packageFolder);
  console.log(`built ${packageFolder}`);
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
