// Runs okq as in a container: as process 1 of its own namespaces, with its own mounts. This needs
// root; without root the tests are skipped with this reason.
import { resolve } from "node:path";
import { type OkqProcess, startProcess } from "./process.ts";

const main = resolve(import.meta.dir, "../../src/main.ts");
const own = ["--pid", "--fork", "--kill-child", "--mount"];

/** The reason why this machine cannot run containers; null if it can. */
export const noContainer =
  process.platform === "linux" && Bun.spawnSync(["unshare", ...own, "true"]).exitCode === 0
    ? null
    : "skipped: namespaces cannot be made here";

/** `setup`: shell commands such as mounts that run before okq. */
export function startInContainer(args: string[], setup = ""): OkqProcess {
  const script = `${setup}\nexec "$@"`;
  const okq = [process.execPath, main, ...args];
  return startProcess([...own, "sh", "-ec", script, "sh", ...okq], { executable: "unshare" });
}
