// Runs a world along a usual course, with a small number of deviations from it. The course is a
// takeover from an okq that falls asleep and wakes up again.

import { checkEnd, faults, type Step, usual, withCountedIds } from "./schedule.ts";
import { HOUR_MS, type Place, World } from "./world.ts";

type Course = ((world: World) => Step)[];

/** An okq falls asleep while it appends, and another one takes over. */
const start: Course = [
  passUntilServed,
  appends,
  publishes,
  appends,
  appendsAndSleeps,
  passUntilServed,
  appends,
  publishes,
];
const end: Course = [wakeAndAsk, appendsAll, passUntilServed, appends, wakeAndAsk];

/** What happens when no request is on its way: the sleeper wakes soon, or when fences are old. */
const courses: Record<string, Course> = {
  soon: [...start, ...end],
  "after hours": [...start, anHour, appends, publishes, ...end],
};
export const wakes = Object.keys(courses);
const STEPS_MAX = 200;

/** The number of the step, and the number of the alternative there. */
export type Deviation = readonly [step: number, alternative: number];

/** Resolves with the number of alternatives at each step. Rejects if a promise is broken. */
export function runWith(wakesUp: string, deviations: readonly Deviation[]): Promise<number[]> {
  return withCountedIds(() => runSteps(wakesUp, deviations));
}

async function runSteps(wakesUp: string, deviations: readonly Deviation[]): Promise<number[]> {
  const course = courses[wakesUp]!;
  const world = new World(3);
  const counts: number[] = [];
  const trace: string[] = [];
  const progress = { next: 0 };
  try {
    for (let step = 0; step < STEPS_MAX; step++) {
      await world.settle();
      const steps = alternatives(world, course, progress);
      if (steps === null) break;
      counts.push(steps.length);
      const chosen = deviations.find(([at]) => at === step)?.[1] ?? 0;
      const [name, run] = steps[chosen]!;
      trace.push(`${step} ${name}`);
      run();
    }
    await checkEnd(world);
  } catch (error) {
    const told = `deviations ${JSON.stringify(deviations)}: ${(error as Error).message}`;
    throw new Error(`${told}\n${trace.join("\n")}`, { cause: error });
  }
  return counts;
}

/** The usual step first. null at the end of the course. */
function alternatives(world: World, course: Course, progress: { next: number }): Step[] | null {
  const awake = world.places.filter(({ isAsleep }) => !isAsleep);
  const calls = awake.flatMap((place) => place.calls.map((call) => ({ place, call })));
  const [first] = calls;
  const steps: Step[] = [];
  if (first) steps.push(named(first.place, first.call.name, usual(first.call)));
  else if (progress.next >= course.length) return null;
  else {
    const [name, run] = course[progress.next]!(world);
    steps.push([
      name,
      () => {
        run();
        if (name !== "time passes") progress.next++;
      },
    ]);
  }
  for (const { place, call } of calls.slice(1)) steps.push(named(place, call.name, usual(call)));
  if (first) {
    for (const fault of faults(world, first.call)) {
      steps.push(named(first.place, first.call.name, fault));
    }
  }
  for (const place of awake) steps.push(sleeps(place), dies(place, world));
  for (const place of world.places) if (place.isAsleep) steps.push(wakeOf(place));
  for (const call of world.late) {
    steps.push([`${call.name} arrives late`, () => world.arriveLate(call)]);
  }
  steps.push(anHour(world));
  return steps;
}

function named({ member }: Place, call: string, [what, run]: Step): Step {
  return [`${member.id}: ${call} ${what}`, run];
}

function serving(world: World): Place | undefined {
  return world.places.find(({ member, isAsleep }) => member.tenure !== null && !isAsleep);
}

function passUntilServed(world: World): Step {
  if (serving(world)) return ["somebody serves", () => {}];
  // A sleeper wakes when nobody is left.
  if (world.nextTimerMs === Infinity) return wakeAll(world);
  return ["time passes", () => world.passTime(world.nextTimerMs)];
}

function wakeAll(world: World): Step {
  return ["all wake", () => world.places.forEach((place) => place.wake(true))];
}

function appends(world: World): Step {
  return ["the serving okq appends", () => void serving(world)?.member.append()];
}

function publishes(world: World): Step {
  return ["the serving okq publishes", () => void serving(world)?.member.publish(false)];
}

/** It has sent its object, or was about to: that arrives when it wakes. */
function appendsAndSleeps(world: World): Step {
  const place = serving(world);
  const run = () => {
    void place?.member.append();
    place?.fallAsleep();
  };
  return ["the serving okq appends and sleeps", run];
}

function appendsAll(world: World): Step {
  return ["all append", () => world.places.forEach(({ member }) => void member.append())];
}

/** Before any of them can look at the manifest. */
function wakeAndAsk(world: World): Step {
  const run = () => {
    for (const place of world.places) {
      if (place.isAsleep) place.wake(true);
      void place.member.confirm();
    }
  };
  return ["all wake and are asked", run];
}

function sleeps(place: Place): Step {
  return [`${place.member.id} sleeps`, () => place.fallAsleep()];
}

function wakeOf(place: Place): Step {
  return [`${place.member.id} wakes`, () => place.wake(false)];
}

function dies(place: Place, world: World): Step {
  return [`${place.member.id} dies`, () => world.replace(world.places.indexOf(place))];
}

function anHour(world: World): Step {
  return ["an hour passes", () => world.passTime(world.nowMs + HOUR_MS)];
}
