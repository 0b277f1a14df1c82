// Chooses the steps of a world of okq processes: at random, or by the list of a test.

import { spyOn } from "bun:test";
import { type Call, HOUR_MS, type Place, World } from "./world.ts";

/** Chooses one of so many; 0 is what usually happens. */
export type Choose = (count: number) => number;

/** Numbers below `count`, of the generator mulberry32. */
export function randomBy(seed: number): Choose {
  let state = seed;
  return (count) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  };
}

export type Step = [name: string, run: () => void];

/** How rare each kind of step is: 1 of so many. */
export interface Rarity {
  fault: number;
  sleep: number;
  death: number;
}

/** Names are the same in every run, so that lists of objects have the same order. */
export async function withCountedIds<T>(run: () => Promise<T>): Promise<T> {
  let count = 0;
  const ids = spyOn(crypto, "randomUUID").mockImplementation(
    () => `${String(++count).padStart(8, "0")}-0000-4000-8000-000000000000`,
  );
  try {
    return await run();
  } finally {
    ids.mockRestore();
  }
}

export function runAtRandom(
  seed: number,
  places: number,
  steps: number,
  rarity: Rarity,
): Promise<World> {
  return withCountedIds(() => runSteps(seed, places, steps, rarity));
}

async function runSteps(
  seed: number,
  places: number,
  steps: number,
  rarity: Rarity,
): Promise<World> {
  const world = new World(places);
  const choose = randomBy(seed);
  const trace: string[] = [];
  try {
    for (let count = 0; count < steps; count++) {
      await world.settle();
      const [name, run] = randomStep(world, choose, rarity);
      trace.push(name);
      run();
    }
    await checkEnd(world);
  } catch (error) {
    const told = `seed ${seed}: ${(error as Error).message}`;
    throw new Error(`${told}\n${trace.join("\n")}`, { cause: error });
  }
  return world;
}

/** Everything that was acknowledged is there for the next okq that serves. */
export async function checkEnd(world: World): Promise<void> {
  for (const index of world.places.keys()) world.replace(index);
  const { served } = world.account.counts;
  await world.calm(() => world.account.counts.served > served);
}

function randomStep(world: World, choose: Choose, rarity: Rarity): Step {
  const place = world.places[choose(world.places.length)]!;
  const { id } = place.member;
  if (choose(rarity.death) === 0) {
    return [`${id} dies`, () => world.replace(world.places.indexOf(place))];
  }
  if (choose(rarity.sleep) === 0) {
    if (!place.isAsleep) return [`${id} sleeps`, () => place.fallAsleep()];
    if (choose(2) === 0) return ["an hour passes", () => world.passTime(world.nowMs + HOUR_MS)];
    const pauseMs = choose(3000);
    return [`${pauseMs} ms pass`, () => world.passTime(world.nowMs + pauseMs)];
  }
  if (choose(rarity.sleep) === 0) {
    if (choose(4) === 0) {
      const setMs = (choose(5) - 2) * 5 * 60_000;
      return [`the clock of ${id} is off by ${setMs} ms`, () => (place.clock.setMs = setMs)];
    }
    return ["links break or heal", () => (world.areLinksBroken = !world.areLinksBroken)];
  }
  if (world.late.length > 0 && choose(4) === 0) {
    const call = world.late[choose(world.late.length)]!;
    return [`${call.name} arrives late`, () => world.arriveLate(call)];
  }
  if (place.isAsleep) {
    const sent = place.calls.find((call) => !call.isApplied && call.isInTime());
    if (sent && choose(4) === 0) return [`${sent.name} of ${id} arrives`, () => sent.apply()];
    if (choose(4) > 0) return randomStep(world, choose, rarity);
    const isMachine = choose(2) === 0;
    return [`${id} wakes${isMachine ? ", as its machine" : ""}`, () => place.wake(isMachine)];
  }
  if (place.calls.length > 0 && choose(5) > 0) {
    const call = place.calls[choose(place.calls.length)]!;
    return callStep(world, place, call, choose, rarity);
  }
  return otherStep(world, place, choose);
}

function callStep(world: World, place: Place, call: Call, choose: Choose, rarity: Rarity): Step {
  const { id } = place.member;
  const steps = faults(world, call);
  const isFault = choose(rarity.fault) === 0;
  const [what, run] = isFault ? steps[choose(steps.length)]! : usual(call);
  return [`${id}: ${call.name} ${what}`, run];
}

export function usual(call: Call): Step {
  return [call.isApplied ? "is answered" : "is done", () => call.finish()];
}

export function faults(world: World, call: Call): Step[] {
  const lost: Step = ["is not answered", () => call.fail("unknown")];
  if (call.isApplied) return [lost];
  if (!call.isInTime()) return [usual(call)];
  const late: Step = [
    "is late",
    () => {
      if (call.isWrite) world.late.push(call);
      call.fail("unknown");
    },
  ];
  const twice: Step = [
    "is done twice",
    () => {
      call.apply();
      call.apply();
      call.reply();
    },
  ];
  return [
    ["takes effect", () => call.apply()],
    late,
    twice,
    ["is refused", () => call.fail("none")],
  ];
}

function otherStep(world: World, place: Place, choose: Choose): Step {
  const { member } = place;
  switch (choose(7)) {
    case 0:
      return [`${member.id} publishes a segment`, () => void member.publish(true)];
    case 1:
      return [`${member.id} publishes a snapshot`, () => void member.publish(false)];
    case 2:
      return [`${member.id} is asked`, () => void member.confirm()];
    case 3:
    case 4:
      return [`${member.id} appends`, () => void member.append()];
    case 5: {
      const pauseMs = choose(3000);
      return [`${pauseMs} ms pass`, () => world.passTime(world.nowMs + pauseMs)];
    }
    default:
      return ["time passes", () => world.passTime(world.nextTimerMs)];
  }
}
