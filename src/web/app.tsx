// All pages of the dashboard. A new page is a component in pages/ with a row in `routes`, and, if
// people should find it without a link, a row in `menu` of components/layout.tsx. A page says with
// `useFeed` what it is about, loads with `useAnswer`, shows the answers with `Shown`, and changes
// things with `Dialog`. `may` says what to offer.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Layout } from "./components/layout.tsx";
import { go, usePlace } from "./location.tsx";
import { type Name, textOfName } from "./name.ts";
import { useObserved } from "./observed.ts";
import { ConsumerPage } from "./pages/consumer-page.tsx";
import { ConsumersPage } from "./pages/consumers-page.tsx";
import { CronPage } from "./pages/cron-page.tsx";
import { EventPage } from "./pages/event-page.tsx";
import { FailedPage } from "./pages/failed-page.tsx";
import { LoginPage } from "./pages/login-page.tsx";
import { MissingPage } from "./pages/missing-page.tsx";
import { QueuePage } from "./pages/queue-page.tsx";
import { QueuesPage } from "./pages/queues-page.tsx";
import { RefusedPage } from "./pages/refused-page.tsx";
import { ServerPage } from "./pages/server-page.tsx";
import { SettingsPage } from "./pages/settings-page.tsx";
import { findSession, may, session } from "./session.ts";
import { failureOf } from "./use-answer.ts";

const SESSION_AGAIN_MS = 2000;

/** What the groups of the pattern match are the names in the path. */
const routes: [pattern: RegExp, page: (...names: Name[]) => ComponentChildren][] = [
  [/^\/queues$/, () => <QueuesPage />],
  [/^\/defaults$/, () => <SettingsPage queue={null} />],
  [/^\/queues\/([^/]+)\/settings$/, (queue) => <SettingsPage key={queue} queue={queue!} />],
  [/^\/queues\/([^/]+)$/, (queue) => <QueuePage key={queue} queue={queue!} />],
  [
    /^\/queues\/([^/]+)\/events\/([^/]+)$/,
    (queue, id) => <EventPage key={`${queue} ${id}`} queue={queue!} id={id!} />,
  ],
  [/^\/failed$/, () => <FailedPage />],
  [/^\/consumers$/, () => <ConsumersPage />],
  [
    /^\/consumers\/([^/]+)\/([^/]+)$/,
    (okq, client) => <ConsumerPage okq={textOfName(okq!)!} client={textOfName(client!)!} />,
  ],
  [/^\/cron$/, () => <CronPage />],
  [/^\/server$/, () => <ServerPage />],
];

export function App() {
  const { path } = usePlace();
  const who = useObserved(session);
  useEffect(() => {
    if (who !== "unknown") return;
    const find = () => findSession().catch(failureOf);
    void find();
    const timer = setInterval(find, SESSION_AGAIN_MS);
    return () => clearInterval(timer);
  }, [who]);
  useEffect(() => {
    if (path === "/") go("/queues", "replace");
  }, [path]);
  if (who === "unknown") return <Layout>{<p class="empty">Connecting to okq…</p>}</Layout>;
  if (who === null) return <LoginPage />;
  if (!may("inspect")) return <Layout>{<RefusedPage user={who.user} />}</Layout>;
  for (const [pattern, page] of routes) {
    const match = pattern.exec(path);
    if (match) return <Layout>{page(...(match.slice(1) as Name[]))}</Layout>;
  }
  return <Layout>{path === "/" ? null : <MissingPage />}</Layout>;
}
