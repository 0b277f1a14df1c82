// What has happened to an event, and what will: as far as okq keeps it.
import type { EventDetails } from "../event-api.ts";
import { Age, dateAndTime } from "../format.tsx";
import { nameIn, shown, textOfName, visibleLines } from "../name.ts";

interface Moment {
  at: number;
  /** The state whose colour it has. */
  look: string;
  title: string;
  /** As clients wrote it. */
  text?: string;
}

export function Timeline({ event }: { event: EventDetails }) {
  const moments = momentsOf(event);
  const { failures, crashes, errors = [] } = event;
  const missing = failures + crashes - errors.length;
  const now = Date.now() / 1000;
  return (
    <section class="panel" aria-label="Timeline">
      <h2>Timeline</h2>
      <ol class="timeline">
        {moments.map(({ at, look, title, text }, place) => (
          <li key={`${at} ${title}`} class={`${look} ${at > now ? "future" : ""}`}>
            <p>
              <b>{title}</b>{" "}
              <span class="soft">
                {dateAndTime(at)} (<Age at={at} />)
              </span>
            </p>
            {text !== undefined && <pre class="wrap">{text}</pre>}
            {place === 0 && missing > 0 && (
              <p class="soft">
                {missing === 1 ? "One earlier attempt has" : `${missing} earlier attempts have`} no
                record.
              </p>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function momentsOf(event: EventDetails): Moment[] {
  const { state, pushedAt, dueAt, claimedAt, leaseEndsAt, expiresAt, endedAt } = event;
  const moments: Moment[] = [];
  for (const error of event.errors ?? []) {
    const name = nameIn(error, "error")!;
    const text = textOfName(name);
    moments.push({
      at: error.at,
      look: "failed",
      title: `Attempt ${error.attempt} failed`,
      text: text === null ? shown(name) : visibleLines(text),
    });
  }
  const add = (at: number | undefined, look: string, title: string) => {
    if (at !== undefined) moments.push({ at, look, title });
  };
  add(claimedAt, "claimed", `Claimed: attempt ${event.attempts} is under way`);
  add(leaseEndsAt, "claimed", "The lease ends, unless the consumer extends it");
  add(dueAt, "delayed", "Due");
  add(endedAt, state, state === "failed" ? "Failed for good" : "Completed");
  add(expiresAt, "failed", "Expires");
  // Stable: what happened at the same time stays in this order. The push is the first also where
  // the clocks of several machines differ.
  const pushed = { at: pushedAt, look: "ready", title: "Pushed" };
  return [pushed, ...moments.toSorted((a, b) => a.at - b.at)];
}
