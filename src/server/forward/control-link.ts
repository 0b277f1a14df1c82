// A standing connection to the okq that serves, by which this one knows that it is there.
import type { ServingOkq } from "../../commands/failover.ts";
import type { Cancel, Clock } from "../../queue/clock.ts";
import { errorIn } from "../../resp/reply-scanner.ts";
import { Link, type LinkOwner } from "./link.ts";
import type { OpenUpstream } from "./upstream-socket.ts";

interface ControlLinkOptions {
  clock: Clock;
  open: OpenUpstream;
  /** An okq that does not answer within this time is not reached. */
  answerMsMax: number;
  /** The connection broke. */
  onLost(): void;
}

export class ControlLink implements LinkOwner {
  readonly getsArrays = false;
  readonly #options: ControlLinkOptions;
  #link: Link | null = null;
  #secret = "";

  constructor(options: ControlLinkOptions) {
    this.#options = options;
  }

  /** Whether exactly that okq answers, serves, and can use the bucket. */
  async reaches(serving: ServingOkq): Promise<boolean> {
    if (serving.addr === "") return false;
    const ping = ["OKQ", "FORWARD", serving.secret].map((text) => Buffer.from(text));
    if (this.#secret !== serving.secret) this.close();
    this.#secret = serving.secret;
    const { open, answerMsMax, clock } = this.#options;
    const link = (this.#link ??= new Link(serving, open, ping, this));
    let cancel: Cancel = () => {};
    const isReached = new Promise<boolean>((resolve) => {
      cancel = clock.after(answerMsMax, () => link.cut("it does not answer"));
      link.send(ping, {
        replied: (reply) => {
          resolve(errorIn(reply) === null);
          return true;
        },
        lost: () => resolve(false),
      });
    });
    return await isReached.finally(() => cancel());
  }

  close(): void {
    const link = this.#link;
    this.#link = null;
    link?.cut("it is not needed");
  }

  message(): void {}

  closed(link: Link): void {
    if (link !== this.#link) return;
    this.#link = null;
    this.#options.onLost();
  }
}
