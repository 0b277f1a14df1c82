// The files of the dashboard in src/web: the executable contains them; from source they are bundled
// when the page is first asked for.
import type { PageFile, PageFiles } from "../http/page.ts";
import page from "../web/index.html";

/** What the import is in the executable. */
interface Bundled {
  files: { path: string; loader: string; headers: { "content-type": string } }[];
}

/** Rejects if the page cannot be bundled. */
export function loadPage(): Promise<PageFiles> {
  return "files" in page ? bundledFiles(page as unknown as Bundled) : bundle(page.index);
}

async function bundledFiles({ files }: Bundled): Promise<PageFiles> {
  const assets = new Map<string, PageFile>();
  let index = "";
  for (const { path, loader, headers } of files) {
    const bytes = await Bun.file(path).bytes();
    if (loader === "html") index = new TextDecoder().decode(bytes);
    else assets.set(urlOf(path), { type: headers["content-type"], bytes });
  }
  return { index, assets };
}

async function bundle(path: string): Promise<PageFiles> {
  const { outputs } = await Bun.build({
    entrypoints: [path],
    minify: true,
    publicPath: "/",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const assets = new Map<string, PageFile>();
  let index = "";
  for (const output of outputs) {
    if (output.type.startsWith("text/html")) index = await output.text();
    else {
      const bytes = new Uint8Array(await output.arrayBuffer());
      assets.set(urlOf(output.path), { type: output.type, bytes });
    }
  }
  return { index, assets };
}

function urlOf(path: string): string {
  return `/${path.split(/[/\\]/).at(-1)}`;
}
