// The clients that wait for one queue, in the order in which they are woken.

/** Who takes events. A queue may hold them back from a worker, or from all who claim them. */
export interface Taker {
  /** Empty: it has no name. */
  worker: string;
  claims: boolean;
}

/** A waiting client, as its list sees it. */
interface Listed {
  readonly isAttempting: boolean;
  /** Whether an attempt is in progress that takes what it finds: none may overtake it. */
  readonly isTaking: boolean;
  /** null: its attempts take nothing. */
  readonly taker: Taker | null;
}

export class WaitList<W extends Listed> {
  readonly waiters = new Set<W>();
  /** Those of them that take events without a claim. */
  readonly unclaiming = new Set<W>();
  /** Wake-ups that came while every waiter in the list was attempting. */
  missed = 0;
  /** The waiter that was woken last. */
  lastWoken: W | null = null;
  /** The last waiter that a look woke and that found nothing: the next look begins behind it. */
  passed: W | null = null;
  /** Workers to which the queue hands out nothing, as far as it is known. */
  heldBack: ReadonlySet<string> = new Set();

  add(waiter: W): void {
    this.waiters.add(waiter);
    if (waiter.taker?.claims === false) this.unclaiming.add(waiter);
  }

  delete(waiter: W): void {
    if (this.passed === waiter) this.passed = null;
    this.waiters.delete(waiter);
    this.unclaiming.delete(waiter);
  }

  /** In the order in which they came, but those whose workers are held back come last. */
  *inOrder(): Generator<W> {
    const { waiters, heldBack } = this;
    if (heldBack.size === 0) return yield* waiters;
    const isHeldBack = ({ taker }: W) => taker !== null && heldBack.has(taker.worker);
    for (const waiter of waiters) if (!isHeldBack(waiter)) yield waiter;
    for (const waiter of waiters) if (isHeldBack(waiter)) yield waiter;
  }

  /**
   * The first waiter, or the first one behind `passed`, that is not attempting. Undefined if it
   * would overtake one that takes what it finds.
   */
  idleBehind(passed: W | null): W | undefined {
    let isBehind = passed === null;
    for (const waiter of this.inOrder()) {
      if (waiter.isTaking) return undefined;
      if (isBehind && !waiter.isAttempting) return waiter;
      isBehind ||= waiter === passed;
    }
    return undefined;
  }
}
