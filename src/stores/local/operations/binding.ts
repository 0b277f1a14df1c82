// Binds queues to others.
import { type Bind, type BindOutcome, tooLarge, type Unbind } from "../../../queue/bindings.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import { toBytes, toText } from "../bytes.ts";
import type { Model } from "../model.ts";

const NONE: readonly string[] = [];

export function bind(model: Model, { queue: name, name: bound }: Bind): BindOutcome {
  const queue = model.open(nameOf(name));
  const text = toText(bound);
  const bindings = queue.bindings ?? NONE;
  if (bindings.includes(text)) return "ok";
  const added = [...bindings, text];
  const top = tooLarge(queue.name, (of) => {
    const own = of === queue.name ? added : (model.get(of)?.bindings ?? NONE);
    return own.map((each) => `${of}@${each}`);
  });
  if (top === null) model.setBindings(queue, added);
  else model.noteIfUnused(queue);
  return top === null ? "ok" : { tooMany: toBytes(top) };
}

export function unbind(model: Model, { queue: name, name: bound }: Unbind): boolean {
  const queue = model.get(nameOf(name));
  const text = toText(bound);
  if (!queue?.bindings?.includes(text)) return false;
  const left = queue.bindings.filter((each) => each !== text);
  model.setBindings(queue, left.length === 0 ? null : left);
  model.noteGroupEnded(`${queue.name}@${text}`);
  return true;
}
