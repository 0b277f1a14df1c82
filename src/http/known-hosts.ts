// Tells requests that a browser sends for a foreign page from others: by their Host and Origin.
//
// A page can send requests to okq in the name of the person who looks at it. Under a name that its
// author has pointed at okq (DNS rebinding) it could also read the answers: so names must be known.
// An address needs no name, and nobody else can point localhost anywhere.

/** A name or an address, and perhaps a port. */
const HOST = /^(\[[\da-f:.]+\]|[\w-]+(?:\.[\w-]+)*)\.?(?::\d{1,5})?$/i;
const ADDRESS = /^(\[.*\]|\d{1,3}(\.\d{1,3}){3})$/;

export class KnownHosts {
  readonly #names: ReadonlySet<string>;

  /** Names in lower case, besides localhost. Addresses and localhost are known without. */
  constructor(names: Iterable<string>) {
    const isName = (name: string) => !ADDRESS.test(name) && name !== "localhost";
    this.#names = new Set([...names].filter(isName));
  }

  /** Whether the header Host may come from a page of okq. */
  knows(host: string | null): boolean {
    const name = nameIn(host ?? "");
    return name !== null && (ADDRESS.test(name) || name === "localhost" || this.#names.has(name));
  }

  /** Whether a page of another origin sent the request. Programs send neither of the headers. */
  isForeign(headers: Headers): boolean {
    const site = headers.get("Sec-Fetch-Site");
    if (site !== null) return site !== "same-origin" && site !== "none";
    const origin = headers.get("Origin");
    return origin !== null && !this.#isOwn(origin, headers.get("Host") ?? "");
  }

  #isOwn(origin: string, host: string): boolean {
    if (!URL.canParse(origin)) return false;
    const { protocol, host: from, hostname } = new URL(origin);
    const called = `${protocol}//${host}`;
    if (URL.canParse(called) && new URL(called).host === from) return true;
    // A reverse proxy may call okq by another name than the browser calls the proxy.
    return this.#names.has(hostname) && !this.#names.has(nameIn(host) ?? "");
  }
}

/** In lower case. */
function nameIn(host: string): string | null {
  return HOST.exec(host)?.[1]?.toLowerCase() ?? null;
}
