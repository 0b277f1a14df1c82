// The public interface of the test double, "okq/testing".
export type { PartOfPushed } from "./assertions.ts";
export type { EndedEvent, Happening, PushedEvent } from "./events.ts";
export {
  type IdleOptions,
  OkqTest,
  type QueueOrName,
  startTest,
  type TestConnection,
  type TestOptions,
} from "./okq-test.ts";
