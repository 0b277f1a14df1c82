// The contents of an event as text, as JSON or in hex. Of large contents only the beginning is
// loaded, until somebody asks for more.
import { useState } from "preact/hooks";
import { contentsPath, readContents } from "../event-api.ts";
import { bytes as size } from "../format.tsx";
import { hexLines } from "../hex-text.ts";
import { isJson, layOut, looksLikeJson } from "../json-text.ts";
import { go, urlOf, usePlace, withQuery } from "../location.tsx";
import { type Name, shown, visibleLines } from "../name.ts";
import { useAnswer } from "../use-answer.ts";
import { Shown } from "./notices.tsx";

const FIRST_BYTES = 64 * 1024;
/** More would keep the browser busy for long. */
const BYTES_MAX = 4 * 1024 * 1024;
const HEX_BYTES_MAX = 128 * 1024;
/** Larger JSON is shown in one colour. */
const COLOURED_MAX = 128 * 1024;

const views = ["text", "json", "hex"] as const;
type View = (typeof views)[number];
const titles: Record<View, string> = { text: "Text", json: "JSON", hex: "Hex" };

interface ContentsViewProps {
  queue: Name;
  id: Name;
  /** In bytes. */
  length: number;
  /** Another one when the contents have changed. */
  version: number;
}

export function ContentsView({ queue, id, length, version }: ContentsViewProps) {
  const { query } = usePlace();
  const [most, setMost] = useState(FIRST_BYTES);
  const answer = useAnswer(
    `contents/${queue}/${id}?${length}/${version}/${most}`,
    (signal) => readContents(queue, id, Math.min(most, length), signal),
    false,
  );
  return (
    <section class="panel" aria-label="Contents">
      <div class="panel-head">
        <h2>Contents</h2>
        <span class="soft">{size(length)}</span>
        {length > 0 && (
          <a
            class="button"
            href={urlOf(contentsPath(queue, id))}
            download={`${shown(id)
              .replaceAll(/[^\w.-]/g, "_")
              .slice(0, 80)}.bin`}
          >
            Download
          </a>
        )}
      </div>
      {length === 0 ? (
        <p class="empty">The event has no contents.</p>
      ) : (
        <Shown answer={answer}>
          {(bytes) => {
            const text = textOf(bytes, bytes.length < length);
            const view = viewOf(query.get("view"), text, bytes.length < length);
            return (
              <>
                <Views view={view} isText={text !== null} />
                <ContentsIn view={view} bytes={bytes} text={text} />
                <More
                  {...{ shownBytes: shownOf(bytes, view), length }}
                  most={view === "hex" ? HEX_BYTES_MAX : BYTES_MAX}
                  onMore={() => setMost(Math.min(bytes.length * 8, BYTES_MAX))}
                />
              </>
            );
          }}
        </Shown>
      )}
    </section>
  );
}

/** null if the bytes are not UTF-8. */
function textOf(bytes: Uint8Array, isCut: boolean): string | null {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
}

function viewOf(wanted: string | null, text: string | null, isCut: boolean): View {
  if (text === null) return "hex";
  const chosen = views.find((each) => each === wanted);
  if (chosen) return chosen;
  return looksLikeJson(text) && (isCut || isJson(text)) ? "json" : "text";
}

function Views({ view, isText }: { view: View; isText: boolean }) {
  return (
    <div class="choices" role="group" aria-label="Show the contents as">
      {views.map((each) => (
        <button
          key={each}
          aria-pressed={each === view}
          disabled={!isText && each !== "hex"}
          onClick={() => go(withQuery({ view: each }), "replace")}
        >
          {titles[each]}
        </button>
      ))}
      {!isText && <span class="soft">The bytes are not UTF-8.</span>}
    </div>
  );
}

function shownOf({ length }: Uint8Array, view: View): number {
  return view === "hex" ? Math.min(length, HEX_BYTES_MAX) : length;
}

interface ContentsInProps {
  view: View;
  bytes: Uint8Array;
  text: string | null;
}

function ContentsIn({ view, bytes, text }: ContentsInProps) {
  if (view === "hex" || text === null) {
    return (
      <pre class="contents" tabIndex={0}>
        {hexLines(bytes.subarray(0, HEX_BYTES_MAX))}
      </pre>
    );
  }
  if (view === "text") {
    return (
      <pre class="contents wrap" tabIndex={0} dir="auto">
        {visibleLines(text)}
      </pre>
    );
  }
  const tokens = layOut(text);
  return (
    <pre class="contents wrap json" tabIndex={0}>
      {bytes.length > COLOURED_MAX
        ? tokens.map(([, part]) => visibleLines(part)).join("")
        : tokens.map(([kind, part], at) =>
            kind === "mark" ? (
              part
            ) : (
              <bdi key={at} class={kind}>
                {visibleLines(part)}
              </bdi>
            ),
          )}
    </pre>
  );
}

interface MoreProps {
  shownBytes: number;
  length: number;
  most: number;
  onMore(): void;
}

function More({ shownBytes, length, most, onMore }: MoreProps) {
  if (shownBytes >= length) return null;
  return (
    <div class="below">
      <span>
        The first {size(shownBytes)} of {size(length)}.
        {shownBytes >= most && " Download it to see the rest."}
      </span>
      {shownBytes < most && <button onClick={onMore}>Show more</button>}
    </div>
  );
}
