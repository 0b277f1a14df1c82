// Misuse that the compiler finds. `bun check` fails if one of these lines has no error any more.
import { expect, test } from "bun:test";
import type { Event, Heard, Okq, OkqError, Queue } from "okq/client";

interface Mail {
  to: string;
}

/** Never called: only compiled. */
function misuse(okq: Okq, mail: Queue<Mail>, event: Event<Mail>): unknown[] {
  const contents = { to: "ann" };
  return [
    // @ts-expect-error the contents have another type
    mail.push({ too: "ann" }),
    // @ts-expect-error a delay and a time
    mail.push(contents, { delayMs: 1, at: new Date() }),
    // @ts-expect-error the next one out has no delay
    mail.push(contents, { right: true, delayMs: 1 }),
    // @ts-expect-error the next one out has no group
    mail.push(contents, { right: true, group: "g" }),
    // @ts-expect-error a group has an order of its own
    mail.push(contents, { group: "g", priority: 1 }),
    // @ts-expect-error without a unique key there is nothing to be taken until then
    mail.push(contents, { until: "claimed" }),
    // @ts-expect-error not a rule
    mail.push(contents, { backoff: "exponential" }),
    // @ts-expect-error of all events of a batch
    mail.pushMany([contents], { unique: "u" }),
    // @ts-expect-error a time belongs to events that are given back
    mail.ack(event, { delayMs: 1 }),
    // @ts-expect-error there is no other attempt
    mail.fail(event, { final: true, delayMs: 1 }),
    // @ts-expect-error claimed events are their consumers'
    mail.purge("claimed"),
    // @ts-expect-error only failed events and those that wait again are retried
    mail.retryAll({ state: "ready" }),
    // @ts-expect-error claimed events are their consumers'
    mail.moveAll("other", { state: "claimed" }),
    // @ts-expect-error a delay and a time
    mail.set("1", { delayMs: 1, at: 1 }),
    // @ts-expect-error no such selection
    mail.list({ where: "x" }),
    // @ts-expect-error a group is paused out
    mail.pause({ group: "g", direction: "in" }),
    // @ts-expect-error a group or a worker
    mail.pause({ group: "g", worker: "w" }),
    // @ts-expect-error no such setting
    mail.configure({ maxAttempt: 1 }),
    // @ts-expect-error a rate is an object
    mail.configure({ rate: "100/60" }),
    // @ts-expect-error the event of a counter has the key as its id
    mail.counter("c").init(1, { push: { contents, id: "1" } }),
    // @ts-expect-error a cron entry has its own times
    mail.setCron("n", "* * * * *", contents, { at: 1 }),
    // @ts-expect-error steps are no promises
    okq.transaction((t) => [t.queue(mail).push(contents).then()]),
    // @ts-expect-error a wait needs its time
    mail.wait("1", {}),
    // @ts-expect-error bytes are no text
    okq.queue("q", { contents: "text" }).push(Buffer.from("x")),
  ];
}

/** These have exactly the types that are written here. */
async function use(okq: Okq, mail: Queue<Mail>, event: Event<Mail>): Promise<string> {
  const any: Queue<unknown> = mail;
  const [id, acked] = await okq.transaction((t) => [t.queue(mail).push({ to: "" }), t.ack(event)]);
  const both: [string | OkqError, boolean | OkqError] = [id, acked];
  const results: unknown[] = await okq.transaction((t) => {
    t.ack(event);
  });
  await okq.subscribe([mail, any, "x", { pattern: "*" }], (heard: Heard) => {
    if (heard.event === "failed") return heard.isFinal;
    if (heard.event === "missed") return heard.since;
    // @ts-expect-error only some messages have an id
    return heard.id;
  });
  return `${both.length} ${results.length} ${(await mail.get("1"))?.contents?.to}`;
}

test("misuse is an error of the compiler", () => {
  expect([misuse, use]).toHaveLength(2);
});
