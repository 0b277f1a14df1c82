// Records a CPU profile of this process as a .cpuprofile file, which Chrome's developer tools read.
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";

/**
 * Starts recording. Returns a function that stops and writes the file. Rejects at once if the file
 * cannot be written, and not only after a long run.
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
