// The figures of one event, who holds it, its headers and what its consumers wrote.
import type { ComponentChildren } from "preact";
import type { EventDetails } from "../event-api.ts";
import { Age, Time } from "../format.tsx";
import { Link } from "../location.tsx";
import { type Name, nameIn, namesIn, nameOf, shown, textOfName, visibleLines } from "../name.ts";
import { consumerPath } from "../consumers.ts";
import { DataTable } from "./data-table.tsx";
import { Figure } from "./queue-figures.tsx";

export function EventFacts({ event }: { event: EventDetails }) {
  const { state, attempts, maxAttempts, failures, crashes, priority, heldBackBy } = event;
  const { dueAt, endedAt, expiresAt } = event;
  const [group, unique] = [nameIn(event, "group"), nameIn(event, "unique")];
  return (
    <section class="panel" aria-label="Facts">
      <dl class="figures">
        <Figure title="state" look={state} isSome>
          {state}
        </Figure>
        <Figure title={maxAttempts ? "attempts / maximum" : "attempts"}>
          {attempts}
          {maxAttempts ? ` / ${maxAttempts}` : ""}
        </Figure>
        <Figure title="failures">{failures}</Figure>
        <Figure title="crashes">{crashes}</Figure>
        {priority !== undefined && <Figure title="priority">{priority}</Figure>}
      </dl>
      <dl class="figures small">
        <Figure title="pushed">
          <Time at={event.pushedAt} />
        </Figure>
        {dueAt !== undefined && (
          <Figure title="due">
            <Age at={dueAt} />
          </Figure>
        )}
        {endedAt !== undefined && (
          <Figure title={`${state} since`}>
            <Time at={endedAt} />
          </Figure>
        )}
        {expiresAt !== undefined && (
          <Figure title="expires">
            <Age at={expiresAt} />
          </Figure>
        )}
        {group !== null && (
          <Figure title="group">
            <bdi>{shown(group)}</bdi>
          </Figure>
        )}
        {unique !== null && (
          <Figure title="unique key">
            <bdi>{shown(unique)}</bdi>
          </Figure>
        )}
        {heldBackBy && <Figure title="held back by">{heldBackBy}</Figure>}
      </dl>
    </section>
  );
}

/** Who holds the event, and since when. */
export function EventClaim({ event }: { event: EventDetails }) {
  const { claimedAt, leaseEndsAt, client, okq } = event;
  if (event.state !== "claimed") return null;
  const worker = nameIn(event, "worker");
  const name = worker === null ? "a client without a name" : shown(worker);
  return (
    <section class="panel" aria-label="Claim">
      <h2>Claim {event.cancelled && <span class="badge">asked to stop</span>}</h2>
      <dl class="figures small first">
        <Figure title="held by">
          {okq !== undefined && client !== undefined ? (
            <Link to={consumerPath({ okq, client, worker })}>
              <bdi>{name}</bdi>
            </Link>
          ) : (
            "a client that cannot acknowledge it"
          )}
        </Figure>
        {client !== undefined && <Figure title="client of okq">{`${client} of ${okq}`}</Figure>}
        {claimedAt !== undefined && (
          <Figure title="since">
            <Age at={claimedAt} />
          </Figure>
        )}
        {leaseEndsAt !== undefined && (
          <Figure title="lease ends">
            <Age at={leaseEndsAt} />
          </Figure>
        )}
      </dl>
    </section>
  );
}

/** What consumers said about it: the progress, the log, the result. */
export function EventReports({ event }: { event: EventDetails }) {
  const [progress, result] = [nameIn(event, "progress"), nameIn(event, "result")];
  const log = namesIn(event, "log");
  return (
    <>
      {progress !== null && <Written title="Progress">{linesOf(progress)}</Written>}
      {result !== null && <Written title="Result">{linesOf(result)}</Written>}
      {log.length > 0 && <Written title="Log">{log.map(linesOf).join("\n")}</Written>}
    </>
  );
}

function linesOf(name: Name): string {
  const text = textOfName(name);
  return text === null ? shown(name) : visibleLines(text);
}

function Written({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      <pre class="contents wrap" tabIndex={0} dir="auto">
        {children}
      </pre>
    </section>
  );
}

export function EventHeaders({ event }: { event: EventDetails }) {
  const rows = headersOf(event).map(([name, value], at) => ({ name, value, at }));
  if (rows.length === 0) return null;
  return (
    <section class="panel" aria-label="Headers">
      <h2>Headers</h2>
      <DataTable
        caption="Headers"
        columns={[
          { key: "name", title: "Name", cell: ({ name }) => <bdi class="mono">{shown(name)}</bdi> },
          {
            key: "value",
            title: "Value",
            isWide: true,
            cell: ({ value }) => <bdi class="mono">{shown(value)}</bdi>,
          },
        ]}
        rows={rows}
        keyOf={({ at }) => String(at)}
        empty=""
      />
    </section>
  );
}

function headersOf({ headers = {}, headersBase64 }: EventDetails): [Name, Name][] {
  if (headersBase64) {
    return headersBase64.map(([nameBase64, valueBase64]) => [
      nameIn({ nameBase64 }, "name")!,
      nameIn({ valueBase64 }, "value")!,
    ]);
  }
  return Object.entries(headers).map(([name, value]) => [nameOf(name), nameOf(value)]);
}
