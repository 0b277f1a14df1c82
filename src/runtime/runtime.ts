// What okq takes from Bun, and what stands in for it in okq/testing, which also runs on Node.
// Everything else of Bun is used only where okq/testing does not come: its doors and its disks.

/** Bun, as far as this file uses it. */
interface BunGlobal {
  hash: { wyhash(text: string, seed: bigint): bigint };
  gc(isSynchronous: boolean): void;
  stringWidth(text: string): number;
  password: {
    hash(password: Buffer, options: Argon2Options & { algorithm: "argon2id" }): Promise<string>;
    verify(password: Buffer, hash: string): Promise<boolean>;
  };
}

interface Argon2Options {
  /** In KiB. */
  memoryCost: number;
  timeCost: number;
}

const bun = (globalThis as { Bun?: BunGlobal }).Bun;

/** A 64-bit hash of a text, another one for each seed. */
export const hash64: (text: string, seed: bigint) => bigint = bun ? bun.hash.wyhash : plainHash;

/** Frees the memory of everything that is not used any more, at once. */
export function collectGarbage(): void {
  bun?.gc(true);
}

/** How many columns of a terminal the text takes; elsewhere than on Bun its characters. */
export const textWidth: (text: string) => number = bun
  ? bun.stringWidth
  : (text) => [...text].length;

/** A hash of a password, by argon2id in a thread of its own. On Bun only. */
export function argon2(password: Buffer, options: Argon2Options): Promise<string> {
  return bun!.password.hash(password, { algorithm: "argon2id", ...options });
}

/** Whether it is the hash of that password, found out in a thread of its own. On Bun only. */
export function verifyHash(password: Buffer, hash: string): Promise<boolean> {
  return bun!.password.verify(password, hash);
}

/** FNV-1a, with a last mix by which all bits depend on each other. */
export function plainHash(text: string, seed: bigint): bigint {
  let hash = seed ^ 0xcbf29ce484222325n;
  for (let at = 0; at < text.length; at++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n);
  }
  return BigInt.asUintN(64, (hash ^ (hash >> 32n)) * 0xd6e8feb86659fd93n);
}
