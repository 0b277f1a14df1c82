// The connection by which a standby knows that the okq that serves is there.
import { expect, test } from "bun:test";
import { systemClock } from "../../../src/queue/clock.ts";
import { ControlLink } from "../../../src/server/forward/control-link.ts";
import { openUpstream } from "../../../src/server/forward/open-upstream.ts";
import { closeAfterTest } from "../../support/close-after-test.ts";
import { freePort } from "../../support/free-port.ts";

test("tells why an okq is not reached, and no more: the line of the log has the rest", async () => {
  const control = closeAfterTest(
    new ControlLink({
      clock: systemClock,
      open: (place, handlers) => openUpstream(place, null, handlers),
      answerMsMax: 10_000,
      onNews: () => {},
    }),
  );
  const addr = `127.0.0.1:${await freePort()}`;
  const told = { id: "1", secret: "secret", sinceMs: 0, certificate: null, httpAddr: null };
  const serving = { ...told, addr, isTls: false, isHttps: false };
  expect(await control.reaches(serving)).toMatchObject({ problem: "nobody listens there" });
});
