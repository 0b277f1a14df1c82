// The clients that wait for one queue, in the order in which they are woken.

/** Who takes events. A queue may hold them back from a worker, or from all who claim them. */
export interface Taker {
  /** Empty: it has no name. */
  worker: string;
  claims: boolean;
}

/** One of them, as its list sees it. */
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
  /** Of those that waited and were woken, the latest. */
  lastWoken: W | null = null;
  /** The latest one that a look woke and that found nothing: looks go on behind it. */
  passed: W | null = null;
  /** Workers that got nothing when that was last asked. */
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

  /** As they came, but those whose workers are held back come last. */
  *inOrder(): Generator<W> {
    const { waiters, heldBack } = this;
    if (heldBack.size === 0) return yield* waiters;
    const isHeldBack = ({ taker }: W) => taker !== null && heldBack.has(taker.worker);
    for (const waiter of waiters) if (!isHeldBack(waiter)) yield waiter;
    for (const waiter of waiters) if (isHeldBack(waiter)) yield waiter;
  }

  /** The first one, or first behind `passed`, that is not attempting, if it overtakes none. */
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
