// What is around every page: the menu, the state of the connection, and who is logged in.
import type { ComponentChildren } from "preact";
import { answeredAt, type FeedState, feedState } from "../feed.ts";
import { hourAndMinute, timeZone } from "../format.tsx";
import { Link, usePlace } from "../location.tsx";
import { useObserved } from "../observed.ts";
import { logOut, may, session } from "../session.ts";
import { failureOf } from "../use-answer.ts";
import { announce, Announcements } from "./announcements.tsx";

const menu: [path: string, title: string][] = [
  ["/queues", "Queues"],
  ["/failed", "Failed"],
  ["/consumers", "Consumers"],
  ["/cron", "Cron"],
  ["/server", "Server"],
];

export function Layout({ children }: { children: ComponentChildren }) {
  const skip = (event: Event) => {
    event.preventDefault();
    document.querySelector("main")!.focus();
  };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the contents
      </a>
      <header class="top">
        <Link class="brand" to="/queues">
          okq
        </Link>
        {may("inspect") && <Menu />}
        <Connection />
        <Who />
      </header>
      <LostBanner />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <footer>Times are in {timeZone}.</footer>
      <Announcements />
    </>
  );
}

function Menu() {
  const { path } = usePlace();
  return (
    <nav aria-label="Pages">
      {menu.map(([to, title]) => {
        const isHere = path === to || path.startsWith(`${to}/`);
        return (
          <Link key={to} to={to} {...(isHere && { "aria-current": "page" as const })}>
            {title}
          </Link>
        );
      })}
    </nav>
  );
}

const states: Record<Exclude<FeedState, "idle">, [text: string, title: string]> = {
  live: ["Live", "okq reports what happens"],
  polling: ["Every 2 s", "This page asks okq every 2 seconds"],
  lost: ["No connection", "okq does not answer; this page tries again every 2 seconds"],
};

function Connection() {
  const state = useObserved(feedState);
  if (state === "idle") return null;
  const [text, title] = states[state];
  return (
    <span class={`connection ${state}`} title={title} role="status">
      {text}
    </span>
  );
}

function LostBanner() {
  const state = useObserved(feedState);
  const at = useObserved(answeredAt);
  if (state !== "lost") return null;
  return (
    <p class="banner" role="alert">
      okq does not answer. What you see is from {hourAndMinute(at / 1000)}. Trying again every 2
      seconds.
    </p>
  );
}

async function leave(): Promise<void> {
  try {
    await logOut();
    if (session.value !== null) announce("A proxy or the browser logs you in with each request.");
  } catch (error) {
    announce(failureOf(error as Error).message);
  }
}

function Who() {
  const who = useObserved(session);
  if (who === null || who === "unknown") return null;
  return (
    <span class="who">
      {who.isReadOnly && <span class="badge">read-only</span>}
      <span>{who.user}</span>
      {!who.isOpen && (
        <button class="quiet" onClick={() => void leave()}>
          Log out
        </button>
      )}
    </span>
  );
}
