// A client that subscribes to channels, and reads the messages that come.
import { type Readable, readable } from "./readable.ts";
import type { TestOkq } from "./okq-server.ts";
import type { Argument, Wire } from "./wire.ts";

/** A message without its time. */
export type Told = Record<string, unknown>;

/** A connection on which these subscriptions are confirmed. */
export async function subscribed(okq: TestOkq, ...names: Argument[]): Promise<Wire> {
  return await subscribe(await okq.connect(), "SUBSCRIBE", ...names);
}

export async function subscribe(
  wire: Wire,
  command: "SUBSCRIBE" | "PSUBSCRIBE",
  ...names: Argument[]
): Promise<Wire> {
  wire.pipeline([command, ...names]);
  await wire.take(names.length);
  return wire;
}

/** The next messages of any channel, that many. */
export async function told(wire: Wire, count: number): Promise<Told[]> {
  const frames = (await wire.take(count)).map(readable) as Readable[][];
  return frames.map((frame) => {
    const json = Buffer.from(String(frame.at(-1)), "latin1").toString();
    const { at, ...rest } = JSON.parse(json) as Told;
    if (!(Math.abs(Number(at) - Date.now() / 1000) < 60)) throw new Error(`not a time: ${at}`);
    return rest;
  });
}
