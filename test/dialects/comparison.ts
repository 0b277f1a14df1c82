// Compares what two servers answered to a script, byte for byte but for named differences.
import type { Answer, Transcript } from "./conversation.ts";
import type { Script } from "./script.ts";

const SHOWN_MAX = 300;

/** Describes the first difference that has no name; null if there is none. */
export function differenceIn(
  script: Script,
  its: Transcript,
  own: Transcript,
  isNamed: (its: Answer, own: Answer) => boolean = () => false,
): string | null {
  for (const [at, wanted] of its.entries()) {
    const got = own[at] ?? [];
    for (let index = 0; index < Math.max(wanted.length, got.length); index++) {
      const [one, other] = [wanted[index], got[index]];
      if (one && other && areAlike(one, other, isNamed)) continue;
      const step = its.length === 2 ? undefined : script.steps[at]?.text;
      return [
        `script: ${script.name}`,
        `step:   ${step ?? "the whole script in one write"}`,
        `redis:  ${shown(one)}`,
        `okq:    ${shown(other)}`,
      ].join("\n");
    }
  }
  return null;
}

function areAlike(
  its: Answer,
  own: Answer,
  isNamed: (its: Answer, own: Answer) => boolean,
): boolean {
  if (its.client !== own.client || its.command !== own.command) return false;
  return its.reply === own.reply || isNamed(its, own);
}

function shown(answer: Answer | undefined): string {
  if (!answer) return "nothing";
  const reply = JSON.stringify(answer.reply);
  const cut =
    reply.length > SHOWN_MAX ? `${reply.slice(0, SHOWN_MAX)}... (${reply.length})` : reply;
  return `${answer.client}: ${answer.command.slice(0, SHOWN_MAX)} -> ${cut}`;
}
