// A CPU profile of this process, for Chrome's developer tools and everything else that reads
// .cpuprofile. It knows nothing of what the process does.
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";

/**
 * Starts recording and returns what stops it and writes the file. Rejects at once when the file
 * cannot be written, rather than after a long run.
 */
export async function startCpuProfile(file: string): Promise<() => Promise<void>> {
  writeFileSync(file, "");
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  return async () => {
    const { profile } = await session.post("Profiler.stop");
    session.disconnect();
    writeFileSync(file, JSON.stringify(profile));
  };
}
