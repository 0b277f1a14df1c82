// Limits on one client. At a limit its further commands wait, and then okq stops reading from it.

/** Commands in flight: started, and their replies not sent. */
export const IN_FLIGHT_MAX = 64;
/** Arguments of commands in flight, and their replies if they are as large as the last ones. */
export const IN_FLIGHT_BYTES_MAX = 1024 * 1024;
/**
 * The expected size of a reply, as long as the client has not had any. So the first limit of a
 * client is 16 commands in flight.
 */
export const FIRST_REPLY_BYTES = 64 * 1024;
/** Replies that the socket has not taken, because the client does not read them. */
export const UNSENT_BYTES_MAX = 256 * 1024;
/** Input of commands that were not started; above this, okq stops reading. */
export const UNSTARTED_BYTES_MAX = 64 * 1024;

/** A client may start commands for this time before the other clients have their turn. */
export const SLICE_MS_MAX = 0.15;
/** Smaller input is handled without looking at the clock. */
export const CLOCKED_BYTES_MIN = 4096;

/** After a command or a write of this size the client pauses in proportion to its time. */
export const LARGE_COMMAND_BYTES_MIN = 256 * 1024;
export const LARGE_OUTPUT_BYTES_MIN = 64 * 1024;

/** Limits that INFO shows. */
export const CLIENT_LIMITS = {
  clientOutputBytesMax: UNSENT_BYTES_MAX,
  clientInFlightMax: IN_FLIGHT_MAX,
};
