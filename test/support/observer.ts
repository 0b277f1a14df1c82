// Reads INFO and CLIENT LIST with one client to observe the others.
import { expect } from "bun:test";
import type { TestOkq } from "./okq-server.ts";
import { ask } from "./readable.ts";
import type { Wire } from "./wire.ts";

/** A number in INFO, or in some sections of it. */
export async function infoFigure(
  observer: Wire,
  field: string,
  ...sections: string[]
): Promise<number> {
  const info = (await ask(observer, "INFO", ...sections)) as string;
  return Number(new RegExp(`^${field}:(\\d+)\r$`, "m").exec(info)![1]);
}

/** A field of INFO's Clients section. */
export function clientsInfo(observer: Wire, field: string): Promise<number> {
  return infoFigure(observer, field, "clients");
}

/** The fields of a named client in CLIENT LIST; null if there is no such client. */
export async function listed(observer: Wire, name: string): Promise<Record<string, string> | null> {
  const list = (await ask(observer, "CLIENT", "LIST")) as string;
  const line = list.split("\n").find((each) => each.includes(` name=${name} `));
  if (!line) return null;
  return Object.fromEntries(line.split(" ").map((field) => field.split("=") as [string, string]));
}

/** A new client that has set that name. */
export async function named(okq: TestOkq, name: string): Promise<Wire> {
  const client = await okq.connect();
  expect(await ask(client, "CLIENT", "SETNAME", name)).toBe("+OK");
  return client;
}
