// What one client may have and take before its further commands wait.

/** Commands under way: the window opens while the client takes its answers, and closes if not. */
export const WINDOW_START = 16;
export const WINDOW_MAX = 64;
/** Bytes of commands under way, above which no more are started. */
export const UNDER_WAY_BYTES_MAX = 1024 * 1024;
/** Output that the client has not taken, above which no more of its commands are started. */
export const UNSENT_BYTES_MAX = 256 * 1024;
/** Of answers to what is under way, if they are as large as the last ones were. */
export const EXPECTED_BYTES_MAX = 1024 * 1024;
/** Bytes of commands that wait unread, above which the socket is no longer read. */
export const UNREAD_BYTES_MAX = 64 * 1024;
export const TURN_MS_MAX = 0.15;
/** What less than this brings cannot take long. */
export const CLOCKED_BYTES_MIN = 4096;
/** While others are busy, a client that had a whole turn and wants more waits so long. */
export const REST_MS = 1;
/** After a large command or a large write it waits longer. */
export const LARGE_BYTES_MIN = 256 * 1024;
export const LARGE_OUTPUT_BYTES_MIN = 64 * 1024;

/** What one client may have; INFO shows it. */
export const CLIENT_BOUNDS = {
  clientOutputBytesMax: UNSENT_BYTES_MAX,
  clientInFlightMax: WINDOW_MAX,
};
