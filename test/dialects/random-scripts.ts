// Random scripts, with clients that wait, and the search for a short script that shows the same
// difference.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { Random } from "../stores/random.ts";
import { type Script, stepOf } from "./script.ts";

/** The words of a random command behind its name. */
export type Words = (random: Random) => (string | number)[];

export type Commands = Record<string, [weight: number, words: Words]>;

export interface Vocabulary {
  /** The first lines. */
  beginning: string[];
  commands: Commands;
  waiting: Commands;
  /** Commands that are in no transaction. */
  apartOnly: RegExp;
  /** Commands that are in no script with clients that wait. */
  calmOnly: RegExp;
}

export const some = <T>(random: Random, max: number, of: (random: Random) => T): T[] =>
  Array.from({ length: 1 + random.below(max) }, () => of(random));
export const maybe = (random: Random, ...words: (string | number)[]) =>
  random.below(3) === 0 ? words : [];

function command(random: Random, from: Commands): string {
  const weights = Object.fromEntries(
    Object.entries(from).map(([name, [weight]]) => [name, weight]),
  );
  const name = random.weighted(weights);
  return [name, ...from[name]![1](random)].join(" ");
}

function transaction(random: Random, { commands, waiting, apartOnly }: Vocabulary): string {
  const inside = some(random, 6, () =>
    command(random, random.below(6) === 0 ? waiting : commands),
  ).filter((text) => !apartOnly.test(text));
  return ["MULTI", ...inside, "EXEC"].join(" | ");
}

/**
 * Redis serves clients that wait between two commands of a write, okq behind them, so a script has
 * either clients that wait, or several commands in a write.
 */
function line(random: Random, vocabulary: Vocabulary, hasWaiting: boolean): string {
  const { commands, waiting, calmOnly } = vocabulary;
  const kind = random.weighted({ one: 12, several: 5 });
  if (kind === "one") {
    const text = command(random, commands);
    return hasWaiting && calmOnly.test(text) ? "PING" : text;
  }
  if (hasWaiting) return `${random.of(["b", "c", "d"])}? ${command(random, waiting)}`;
  if (random.below(2) === 0) return some(random, 5, () => command(random, commands)).join(" | ");
  return transaction(random, vocabulary);
}

/** Each step is a whole: without some of its steps a script is still one. */
export function randomScript(vocabulary: Vocabulary, seed: number, length: number): Script {
  const random = new Random(seed);
  const hasWaiting = seed % 2 === 0;
  const lines = Array.from({ length }, () => line(random, vocabulary, hasWaiting));
  return {
    name: `random, seed ${seed}`,
    steps: [...vocabulary.beginning, ...lines].map(stepOf),
  };
}

const SHORTENING_MS_MAX = 20_000;

/** A script with fewer of the steps, in which `find` still finds something, and what it finds. */
export async function shortened(
  script: Script,
  find: (script: Script) => Promise<string | null>,
): Promise<string | null> {
  let steps = script.steps;
  let found: string | null = null;
  const endsAt = performance.now() + SHORTENING_MS_MAX;
  const hasTime = () => performance.now() < endsAt;
  for (let size = steps.length >> 1; size > 0 && hasTime();) {
    let isShorter = false;
    for (let at = steps.length - size; at > -size && hasTime(); at -= size) {
      const fewer = [...steps.slice(0, Math.max(0, at)), ...steps.slice(at + size)];
      const text = await find({ ...script, steps: fewer });
      if (text === null) continue;
      [steps, found, isShorter] = [fewer, text, true];
    }
    if (!isShorter || size > 1) size >>= 1;
  }
  const lines = steps.map(({ text }) => `  ${text}`);
  return found === null ? null : `${found}\nshortened:\n${lines.join("\n")}`;
}
