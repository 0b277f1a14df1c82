// The server: its store and how durable it is, memory, limits that were reached, and its options.
import { useRef } from "preact/hooks";
import { FactList } from "../components/fact-list.tsx";
import { Shown } from "../components/notices.tsx";
import { Figure } from "../components/queue-figures.tsx";
import { useFeed } from "../feed.ts";
import { bytes, count, duration, rate } from "../format.tsx";
import { getServer, type Section, type ServerFacts } from "../server-api.ts";
import { useAnswer } from "../use-answer.ts";
import { useTitle } from "../use-title.ts";

export function ServerPage() {
  useFeed(null);
  useTitle("Server");
  const answer = useAnswer("server", getServer);
  return (
    <>
      <div class="head">
        <h1>Server</h1>
      </div>
      <Shown answer={answer}>
        {(facts) => (
          <>
            <Overview facts={facts} />
            <div class="columns">
              <StorePanel facts={facts} />
              <LimitsPanel facts={facts} />
            </div>
            <section class="panel" aria-label="All figures">
              <h2>All figures</h2>
              {SECTIONS.map(([name, title]) => {
                const section = facts[name] as Section | undefined;
                return (
                  section && (
                    <details key={name}>
                      <summary>{title}</summary>
                      <FactList facts={section} />
                    </details>
                  )
                );
              })}
            </section>
          </>
        )}
      </Shown>
    </>
  );
}

const SECTIONS: [name: string, title: string][] = [
  ["server", "Server"],
  ["clients", "Clients and their limits"],
  ["memory", "Memory"],
  ["stats", "Totals since the start"],
  ["cpu", "Processor time in seconds"],
  ["options", "Options"],
];

function numberIn(section: Section, name: string): number {
  const value = section[name];
  return typeof value === "number" ? value : 0;
}

function Overview({ facts }: { facts: ServerFacts }) {
  const { version, server, clients, memory, store, stats } = facts;
  const rates = useRates(stats);
  return (
    <section class="panel" aria-label="Figures">
      <dl class="figures">
        <Figure title="version">{version}</Figure>
        <Figure title="runs for">{duration(numberIn(server, "uptimeInSeconds"))}</Figure>
        <Figure title="store">{String(store["store"])}</Figure>
        <Figure title="clients on RESP">{count(numberIn(clients, "connectedClients"))}</Figure>
        <Figure title="memory">{bytes(numberIn(memory, "usedMemoryRss"))}</Figure>
      </dl>
      <dl class="figures small">
        {RATES.map(([name, title]) => (
          <Figure key={name} title={title}>
            {rates ? rate(rates[name]!) : "–"}
          </Figure>
        ))}
        <Figure title="commands, total">{count(numberIn(stats, "totalCommandsProcessed"))}</Figure>
        <Figure title="error replies, total">{count(numberIn(stats, "totalErrorReplies"))}</Figure>
      </dl>
    </section>
  );
}

const RATES: [name: string, title: string][] = [
  ["eventsPushed", "pushed per s"],
  ["eventsPopped", "popped per s"],
  ["eventsAcknowledged", "acked per s"],
  ["totalCommandsProcessed", "commands per s"],
];

interface Sample {
  stats: Section;
  atMs: number;
  rates: Record<string, number> | null;
}

/** By how much the totals grow per second between two answers; null before the second one. */
function useRates(stats: Section): Record<string, number> | null {
  const last = useRef<Sample | null>(null);
  const before = last.current;
  if (before?.stats === stats) return before.rates;
  const atMs = performance.now();
  const seconds = before ? (atMs - before.atMs) / 1000 : 0;
  const growth = (name: string) => numberIn(stats, name) - numberIn(before!.stats, name);
  // After a restart the totals begin at 0.
  const perSecond = (name: string) => Math.max(0, growth(name)) / seconds;
  const rates = before && Object.fromEntries(RATES.map(([name]) => [name, perSecond(name)]));
  last.current = { stats, atMs, rates };
  return rates;
}

function StorePanel({ facts: { store, options } }: { facts: ServerFacts }) {
  const refused = store["pushesRefused"];
  return (
    <section class="panel" aria-label="Store">
      <h2>Store and durability</h2>
      <p>{durabilityOf(store, options)}</p>
      {refused !== undefined && refused !== "no" && (
        <p class="problem" role="alert">
          Pushes are refused: {refused}
        </p>
      )}
      <FactList facts={store} />
    </section>
  );
}

const syncs: Record<string, string> = {
  always: "Changes are synced to disk before they are answered.",
  everysec: "Changes are synced to disk every second: a power cut may lose the last one.",
  no: "The system decides when changes are synced to disk: a power cut may lose some.",
};

function durabilityOf(store: Section, options: Section | undefined): string {
  const kind = store["store"];
  if (kind === "memory") return "Queues are in memory only: they end with okq.";
  if (kind === "objects") {
    return "Changes are in the bucket before they are answered. One okq serves, others stand by.";
  }
  if (kind !== "redis") return syncs[String(store["fsync"] ?? options?.["fsync"])] ?? "";
  const replicas = numberIn(store, "storeWaitReplicas");
  const waits = replicas
    ? `Changes are answered once ${replicas} of its replicas have them.`
    : "No replica is waited for.";
  return `Redis keeps the queues, as durably as it is set up. ${waits}`;
}

interface Limit {
  title: string;
  value: number;
  /** Reached if the value is greater than 0; else the limit itself. */
  of?: number;
  format?(value: number): string;
}

/** Of a store that has one. */
function memoryLimit(store: Section): Limit[] {
  const of = numberIn(store, "storeMemoryBytesMax");
  if (of === 0) return [];
  return [
    { title: "Memory of Redis", value: numberIn(store, "storeMemoryBytes"), of, format: bytes },
  ];
}

function LimitsPanel({ facts: { clients, stats, store } }: { facts: ServerFacts }) {
  const from = (section: Section, name: string) => numberIn(section, name);
  const used: Limit[] = [
    {
      title: "Clients on RESP; connections of HTTP count too",
      value: from(clients, "connectedClients"),
      of: from(clients, "maxclients"),
    },
    {
      title: "Bytes that wait for the store or for clients",
      value: from(clients, "bytesWaiting"),
      of: from(clients, "bytesWaitingLimit"),
      format: bytes,
    },
    ...memoryLimit(store),
  ];
  const reached: Limit[] = [
    { title: "Clients refused: too many", value: from(stats, "rejectedConnections") },
    {
      title: "Clients refused: too many from one address",
      value: from(clients, "clientsRefusedPerAddress"),
    },
    { title: "Clients closed: they read too slowly", value: from(clients, "clientsClosedSlow") },
    { title: "Clients closed: they stalled", value: from(clients, "clientsClosedStalled") },
    { title: "Clients closed: they were idle", value: from(clients, "clientsClosedIdle") },
    { title: "Messages lost by slow subscribers", value: from(stats, "messagesLost") },
  ];
  return (
    <section class="panel" aria-label="Limits">
      <h2>Limits</h2>
      <dl class="facts">
        {used.map(({ title, value, of = 0, format = count }) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>
              {format(value)} <span class="soft">of {format(of)}</span>{" "}
              <meter min={0} max={of} high={of * 0.8} value={value} aria-label={title} />
            </dd>
          </div>
        ))}
        {reached.map(({ title, value }) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd class={value > 0 ? "state failed" : ""}>{count(value)}</dd>
          </div>
        ))}
      </dl>
      <p class="soft hint">Since okq started.</p>
    </section>
  );
}
