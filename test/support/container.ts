// okq as in a container: process 1 of a namespace of its own, with other mounts than this machine
// has. It needs root; without root its tests are skipped and say so.
import { resolve } from "node:path";
import { type OkqProcess, startProcess } from "./process.ts";

const main = resolve(import.meta.dir, "../../src/main.ts");
const own = ["--pid", "--fork", "--kill-child", "--mount"];

/** Why there are no containers here, or null. */
export const noContainer =
  process.platform === "linux" && Bun.spawnSync(["unshare", ...own, "true"]).exitCode === 0
    ? null
    : "skipped: namespaces cannot be made here";

/** `setup` are shell commands that run before okq does, such as mounts. */
export function startInContainer(args: string[], setup = ""): OkqProcess {
  const script = `${setup}\nexec "$@"`;
  const okq = [process.execPath, main, ...args];
  return startProcess([...own, "sh", "-ec", script, "sh", ...okq], { executable: "unshare" });
}
