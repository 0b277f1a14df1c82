// The verbs of counters. See full/counters.lua.
import { StoreError } from "../../queue/errors.ts";

const notYet = {
  name: "probe",
  call: () => [],
  results: () => [new StoreError("refused", "counters are not in this store yet")],
};

export const counters = {
  initCounter: notYet,
  countDown: notYet,
  getCounter: notYet,
  dropCounter: notYet,
  listCounters: notYet,
};
