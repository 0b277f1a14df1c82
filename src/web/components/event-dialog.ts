// What the dialogs about one event have in common.
import type { EventDetails } from "../event-api.ts";
import type { Name } from "../name.ts";
import { ApiError } from "../request.ts";

export interface EventDialogProps {
  queue: Name;
  id: Name;
  event: EventDetails;
  onDone(): void;
  onClose(): void;
}

/** Throws if nothing was done: the event has changed since it was loaded. */
export function demandDone(isDone: boolean): void {
  if (!isDone) throw new ApiError(409, "the event has changed since, or is gone: nothing was done");
}
