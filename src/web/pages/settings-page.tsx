// The settings of a queue, or those of all queues that have none of their own.
import { useState } from "preact/hooks";
import { changeSettings, getSettings } from "../api.ts";
import { announce } from "../components/announcements.tsx";
import { Shown } from "../components/notices.tsx";
import { QueueLink } from "../components/queue-name.tsx";
import { useFeed } from "../feed.ts";
import { plural } from "../format.tsx";
import { Link } from "../location.tsx";
import { type Name, shown } from "../name.ts";
import { ApiError } from "../request.ts";
import { may } from "../session.ts";
import { failureOf, useAnswer } from "../use-answer.ts";
import { useTitle } from "../use-title.ts";

type Settings = Record<string, string>;

const meanings: Settings = {
  lease: "Seconds of a claim for which nobody names another time",
  "max-attempts": "Then an event fails for good; 0: no limit",
  "max-crashes": "The same for leases that end; 0: no limit",
  backoff: "After a failure: none, fixed S, exponential FIRST MAX, or S,S,S",
  "crash-backoff": "The same after a crash",
  ttl: "Seconds that an event waits at most; 0: for ever",
  "on-expire": "Then: drop or fail",
  "max-length": "Ready and delayed events; 0: no limit",
  "on-full": "Then: refuse or drop-oldest",
  "max-claimed": "Claims at a time, over all consumers; 0: no limit",
  "group-limit": "Claims at a time in each group; 0: no limit",
  rate: "For example 100/60: at most 100 events in any 60 seconds",
  "group-rate": "The same for each group",
  "keep-completed": "How many are kept, or for how long: 1000 or 3600s",
  "keep-failed": "The same; empty: all",
  "failed-to": "The queue that gets an event when it fails for good",
  "dedupe-window": "Seconds for which an id stays taken; 0: as long as its event is there",
  "bound-only": "yes: while it has bound queues, pushes go to these only",
};

export function SettingsPage({ queue }: { queue: Name | null }) {
  const title = queue === null ? "Defaults of all queues" : "Settings";
  useFeed(queue);
  useTitle(queue === null ? title : `${title} of ${shown(queue)}`);
  const answer = useAnswer(
    `settings/${queue}`,
    async (signal) => {
      const [own, defaults] = await Promise.all([
        getSettings(queue, signal),
        getSettings(null, signal).catch(forbidden),
      ]);
      return { own: own.settings, defaults: defaults?.settings ?? own.settings };
    },
    false,
  );
  return (
    <>
      <p class="crumbs">
        <Link to="/queues">Queues</Link>
        {queue !== null && (
          <>
            {" / "}
            <QueueLink queue={queue} />
          </>
        )}
      </p>
      <div class="head">
        <h1>{title}</h1>
      </div>
      <Shown answer={answer}>
        {({ own, defaults }) => (
          <SettingsForm {...{ queue, own, defaults }} onDone={answer.reload} />
        )}
      </Shown>
    </>
  );
}

/** Some users may not see the defaults. Rejects with any other error. */
function forbidden(error: Error): null {
  if (error instanceof ApiError && error.status === 403) return null;
  throw error;
}

interface FormProps {
  queue: Name | null;
  own: Settings;
  defaults: Settings;
  onDone(): void;
}

function SettingsForm({ queue, own, defaults, onDone }: FormProps) {
  const [changed, setChanged] = useState<Settings>({});
  const [error, setError] = useState<ApiError | null>(null);
  const isFixed = !may("manage");
  const names = Object.keys(own);
  const differing = names.filter((name) => (changed[name] ?? own[name]) !== own[name]);
  const save = async (settings: Record<string, string | null>, done: string) => {
    setError(null);
    try {
      await changeSettings(queue, settings);
      setChanged({});
      announce(done);
      onDone();
    } catch (caught) {
      setError(failureOf(caught as Error));
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const settings = Object.fromEntries(differing.map((name) => [name, changed[name]!]));
    void save(settings, `${plural(differing.length, "setting")} changed.`);
  };
  return (
    <form class="panel settings" onSubmit={submit}>
      {names.map((name) => (
        <Setting
          key={name}
          name={name}
          value={changed[name] ?? own[name]!}
          isFixed={isFixed}
          onChange={(value) => setChanged({ ...changed, [name]: value })}
          {...(queue !== null && own[name] !== defaults[name] && { usual: defaults[name]! })}
          onReset={() => void save({ [name]: null }, `${name} is as in the defaults.`)}
        />
      ))}
      {error && (
        <p class="problem" role="alert">
          {error.message}
        </p>
      )}
      {!isFixed && (
        <div class="buttons">
          <button type="button" disabled={differing.length === 0} onClick={() => setChanged({})}>
            Undo
          </button>
          <button class="primary" disabled={differing.length === 0}>
            Save{differing.length > 0 ? ` ${plural(differing.length, "change")}` : ""}
          </button>
        </div>
      )}
    </form>
  );
}

interface SettingProps {
  name: string;
  value: string;
  /** The default, if the queue has another value. */
  usual?: string;
  isFixed: boolean;
  onChange(value: string): void;
  onReset(): void;
}

function Setting({ name, value, usual, isFixed, onChange, onReset }: SettingProps) {
  return (
    <div class="setting">
      <label>
        <code>{name}</code>
        <input
          autocomplete="off"
          spellcheck={false}
          disabled={isFixed}
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      </label>
      <p class="hint soft">
        {meanings[name]}.
        {usual !== undefined && (
          <>
            {" "}
            <span class="badge">own</span> The default is <code>{usual || "empty"}</code>.{" "}
            {!isFixed && (
              <button type="button" class="quiet" onClick={onReset}>
                Use the default
              </button>
            )}
          </>
        )}
      </p>
    </div>
  );
}
