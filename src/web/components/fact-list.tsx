// Names and values, as okq tells them.
import { bytes, count } from "../format.tsx";
import type { Section } from "../server-api.ts";

export function FactList({ facts }: { facts: Section }) {
  return (
    <dl class="facts">
      {Object.entries(facts).map(([name, value]) => (
        <div key={name}>
          <dt>{titleOf(name)}</dt>
          <dd>{valueOf(name, value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** "uptimeInSeconds" becomes "uptime in seconds"; names of options stay. */
function titleOf(name: string): string {
  if (name.includes("-")) return name;
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function valueOf(name: string, value: string | number): string {
  if (value === "") return "–";
  if (typeof value === "string") return value;
  const isBytes = /bytes|^usedMemory|Output(Limit|Max)|InputMax/i.test(name);
  if (isBytes) return bytes(value);
  return /[Pp]ort$|Id$/.test(name) || !Number.isInteger(value) ? String(value) : count(value);
}
