// Events of one state, with what matters in that state.
import type { EventRow, State } from "../api.ts";
import { Age, bytes as size, Time } from "../format.tsx";
import { consumerPath } from "../consumers.ts";
import { Link } from "../location.tsx";
import { type Bytes, type Name, nameIn, preview, shown, shownInLine } from "../name.ts";
import { type Choice, type Column, DataTable } from "./data-table.tsx";
import { EventLink } from "./queue-name.tsx";

interface EventTableProps {
  queue: Name;
  state: State;
  rows: EventRow[];
  choice?: Choice;
  empty: string;
}

export function EventTable({ queue, state, rows, choice, empty }: EventTableProps) {
  const id: Column<EventRow> = {
    key: "id",
    title: "Id",
    cell: (row) => <EventLink queue={queue} id={nameIn(row, "id")!} />,
  };
  const hasGroups = rows.some((row) => nameIn(row, "group") !== null);
  const hasPriorities = rows.some(({ priority }) => priority);
  return (
    <DataTable
      caption={`Events that are ${state}`}
      columns={[
        id,
        ...byState[state],
        ...(hasPriorities ? [priority] : []),
        ...(hasGroups ? [group] : []),
        attempts,
        pushed,
        ...(state === "failed" || state === "completed" ? [ended(state)] : []),
        ...(rows.some((row) => row.contentsLength !== undefined) ? [contents] : []),
      ]}
      rows={rows}
      keyOf={(row) => nameIn(row, "id")!}
      {...(choice && { choice })}
      empty={empty}
    />
  );
}

function timeColumn(
  key: "dueAt" | "leaseEndsAt" | "claimedAt" | "endedAt",
  title: string,
): Column<EventRow> {
  return {
    key,
    title,
    cell: ({ [key]: at }) => (at === undefined ? <span class="zero">–</span> : <Age at={at} />),
  };
}

function bytesColumn<N extends "group" | "lastError">(key: N, title: string): Column<EventRow> {
  return {
    key,
    title,
    isWide: key === "lastError",
    cell(row) {
      const name = nameIn(row as Bytes<N>, key);
      return name === null ? (
        <span class="zero">–</span>
      ) : (
        <bdi class="cut" title={shown(name)}>
          {key === "lastError" ? shownInLine(name) : shown(name)}
        </bdi>
      );
    },
  };
}

const group = bytesColumn("group", "Group");
const priority: Column<EventRow> = {
  key: "priority",
  title: "Priority",
  isNumber: true,
  cell: (row) => row.priority ?? 0,
};
const attempts: Column<EventRow> = {
  key: "attempts",
  title: "Attempts",
  isNumber: true,
  cell: (row) => row.attempts,
};
const pushed: Column<EventRow> = {
  key: "pushedAt",
  title: "Pushed",
  cell: ({ pushedAt }) => <Time at={pushedAt} />,
};
function ended(state: "failed" | "completed"): Column<EventRow> {
  return {
    key: "endedAt",
    title: state === "failed" ? "Failed" : "Completed",
    cell: ({ endedAt }) => <Time at={endedAt!} />,
  };
}
const PREVIEW_CHARS = 100;
const contents: Column<EventRow> = {
  key: "contents",
  title: "Contents",
  isWide: true,
  cell(row) {
    const beginning = nameIn(row as Bytes<"contents">, "contents");
    if (beginning === null) return <span class="zero">–</span>;
    const length = row.contentsLength!;
    return (
      <bdi class="cut mono" title={size(length)}>
        {preview(beginning, { length, charsMax: PREVIEW_CHARS })}
      </bdi>
    );
  },
};
const lastError = bytesColumn("lastError", "Last error");

const claimedBy: Column<EventRow> = {
  key: "claimedBy",
  title: "Claimed by",
  cell(row) {
    const { okq, client } = row;
    const worker = nameIn(row as Bytes<"worker">, "worker");
    const name = <bdi class="cut">{worker === null ? "no name" : shown(worker)}</bdi>;
    if (okq === undefined || client === undefined) return name;
    return <Link to={consumerPath({ okq, client, worker })}>{name}</Link>;
  },
};

const byState: Record<State, Column<EventRow>[]> = {
  ready: [],
  delayed: [timeColumn("dueAt", "Due"), lastError],
  claimed: [claimedBy, timeColumn("claimedAt", "Since"), timeColumn("leaseEndsAt", "Lease ends")],
  failed: [lastError],
  completed: [],
};
