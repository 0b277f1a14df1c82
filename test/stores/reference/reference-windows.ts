// The windows of a queue in the reference store: when each of them ends.
import { WINDOWS_MAX } from "../../../src/queue/windows.ts";

export class ReferenceWindows extends Map<string, number> {
  /** A shorter window takes nothing from a longer one. With too many the first one ends early. */
  take(id: string, endsAtMs: number): void {
    if (!this.has(id) && this.size === WINDOWS_MAX) {
      const [first] = [...this].toSorted(([, a], [, b]) => a - b);
      this.delete(first![0]);
    }
    this.set(id, Math.max(this.get(id) ?? 0, endsAtMs));
  }
}
