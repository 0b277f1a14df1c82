// A users file for a test, removed when the test ends. Its hashes are cheap to compare.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder } from "./new-folder.ts";

/** Lines "name groups pattern..."; the password of each user is its name and "-password". */
export type UserLine = string;

export interface UsersFile {
  path: string;
  /** Replaces the file in one step. */
  replace(...users: UserLine[]): void;
  /** Replaces the file with this text. */
  write(text: string): void;
}

export function passwordOf(name: string): string {
  return `${name}-password`;
}

export function cheapHash(password: string): string {
  const costs = { algorithm: "argon2id", memoryCost: 8, timeCost: 1 } as const;
  return Bun.password.hashSync(password, costs);
}

/** A user keeps its hash when the file is replaced. */
export function writeUsers(...users: UserLine[]): UsersFile {
  const path = join(newFolder(), "users");
  const hashes = new Map<string, string>();
  const hashOf = (name: string) => {
    if (!hashes.has(name)) hashes.set(name, cheapHash(passwordOf(name)));
    return hashes.get(name)!;
  };
  const write = (text: string) => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  const replace = (...lines: UserLine[]) => {
    const texts = lines.map((line) => {
      const [name = "", ...rest] = line.split(" ");
      return `${name} ${hashOf(name)} ${rest.join(" ")}\n`;
    });
    write(texts.join(""));
  };
  replace(...users);
  return { path, replace, write };
}
