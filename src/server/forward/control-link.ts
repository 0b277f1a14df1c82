// A standing connection to the okq that serves, by which this one knows that it is there.
import type { ServingOkq } from "../../queue/serving-okq.ts";
import { LOADING } from "../../commands/forward.ts";
import type { Cancel, Clock } from "../../queue/clock.ts";
import { errorIn } from "../../resp/reply-scanner.ts";
import { Link, type LinkOwner, REFUSED, UNREACHED } from "./link.ts";
import type { OpenUpstream } from "./upstream-socket.ts";

interface ControlLinkOptions {
  clock: Clock;
  open: OpenUpstream;
  /** An okq that does not answer within this time is not reached. */
  answerMsMax: number;
  /** The connection to an okq that was reached broke: another one may serve soon. */
  onNews(): void;
}

/**
 * `problem`: in one line; null if that okq answers as it should. `isSilent`: it answers nothing.
 * `loads`: it serves once it has loaded.
 */
export type Reached = { problem: string; isSilent: boolean } | { problem: null; loads: boolean };

/** An okq that ends in order closes its connections, and lets others serve a moment later. */
const NEWS_AFTER_MS = [0, 50, 150, 400, 800];

export class ControlLink implements LinkOwner {
  readonly getsArrays = false;
  readonly #options: ControlLinkOptions;
  #link: Link | null = null;
  #secret = "";
  #isReached = false;
  #cancels: Cancel[] = [];

  constructor(options: ControlLinkOptions) {
    this.#options = options;
  }

  /** Whether exactly that okq answers, and can use the bucket. */
  async reaches(serving: ServingOkq): Promise<Reached> {
    if (serving.addr === "") {
      return { problem: "it listens on a unix socket only", isSilent: true };
    }
    const ping = ["OKQ", "FORWARD", serving.secret].map((text) => Buffer.from(text));
    if (this.#secret !== serving.secret) this.#leave();
    this.#secret = serving.secret;
    const { open, answerMsMax, clock } = this.#options;
    const link = (this.#link ??= new Link(serving, open, ping, this));
    let cancel: Cancel = () => {};
    const reached = await new Promise<Reached>((resolve) => {
      cancel = clock.after(answerMsMax, () => link.cut("it does not answer"));
      link.send(ping, {
        replied: (reply) => {
          const problem = errorIn(reply);
          const loads = reply.toString("latin1", 1, reply.length - 2) === LOADING.text;
          resolve(problem !== null ? { problem, isSilent: false } : { problem: null, loads });
          return true;
        },
        lost: (reason) => {
          const problem = reason.replace(UNREACHED, "");
          resolve({ problem, isSilent: !reason.startsWith(REFUSED) });
        },
      });
    });
    cancel();
    if (reached.problem === null && this.#link === link) this.#isReached = true;
    return reached;
  }

  close(): void {
    for (const cancel of this.#cancels) cancel();
    this.#leave();
  }

  #leave(): void {
    this.#isReached = false;
    const link = this.#link;
    this.#link = null;
    link?.cut("it is not needed");
  }

  refused(): void {}

  message(): void {}

  closed(link: Link): void {
    if (link !== this.#link) return;
    this.#link = null;
    if (!this.#isReached) return;
    this.#isReached = false;
    const { clock, onNews } = this.#options;
    this.#cancels = NEWS_AFTER_MS.map((ms) => clock.after(ms, onNews));
  }
}
