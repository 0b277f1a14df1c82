// The exit codes of the command line client. Those above 2 are those of sysexits.h.
export const exitCodes = {
  done: 0,
  notDone: 1,
  usage: 2,
  noServer: 69,
  internal: 70,
  refused: 77,
} as const;

/** Their meaning, for the help and the README. */
export const exitCodeMeanings: Record<keyof typeof exitCodes, string> = {
  done: "done",
  notDone:
    "not done: there is no such event or claim, an event with that id is there " +
    "(`--fail-duplicate`), the queue is full or paused, or okq refused the command",
  usage: "wrong usage; nothing was done",
  noServer: "no okq is reached or trusted, it was lost, or it cannot reach its store",
  internal: "an unexpected error",
  refused: "the login is wrong, or the user lacks the right",
};
