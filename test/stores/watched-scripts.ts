// Counts what the scripts on a Redis do, by its MONITOR.
// oxlint-disable no-await-in-loop -- the lines come one after the other
import { closeAfterTest } from "../support/close-after-test.ts";
import { ask, readable } from "../support/readable.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { type Level, type Script, scripts } from "../../src/stores/redis/script.ts";
import { Wire } from "../support/wire.ts";

/** Counts the calls of each script from then on. */
export async function watchScripts({ redis, port }: RedisServer) {
  const monitor = closeAfterTest(await Wire.connect(port));
  if ((await ask(monitor, "MONITOR")) !== "+OK") throw new Error("no MONITOR");
  /** The most calls of one script since the last look, and the most values in these. */
  const look = async () => {
    await redis.echo("end of a look");
    const [calls, values] = [[0], [0]];
    for (;;) {
      const line = String(readable(await monitor.next()));
      if (/"echo" "end of a look"$/i.test(line))
        return { calls: Math.max(...calls), values: Math.max(...values) };
      if (/^\+\S+ \[\d+ lua\] /.test(line)) {
        calls[calls.length - 1]! += 1;
        values[values.length - 1]! += line.split('" "').length;
      } else if (/^\S+ \[[^\]]*\] "eval/i.test(line)) {
        calls.push(0);
        values.push(0);
      }
    }
  };
  return { look, most: async () => (await look()).calls };
}

/** Notes the level of each script that is called from then on. */
export async function watchLevels({ redis, port }: RedisServer) {
  const monitor = closeAfterTest(await Wire.connect(port));
  if ((await ask(monitor, "MONITOR")) !== "+OK") throw new Error("no MONITOR");
  const levels = Object.entries(scripts) as [Level, Script][];
  /** Those since the last look, in their order. */
  const look = async () => {
    await redis.echo("end of a look");
    const called: Level[] = [];
    for (;;) {
      const line = String(readable(await monitor.next()));
      if (/"echo" "end of a look"$/i.test(line)) return called;
      const sha = /\] "evalsha" "(\w+)"/i.exec(line)?.[1];
      const level = levels.find(([, script]) => script.sha === sha)?.[0];
      if (level) called.push(level);
    }
  };
  return { look };
}
