// Asks the sentinels for the address of the master. It asks all of them, because one that was cut
// off may still name the old master: the answer of the latest epoch counts.
import { StoreError } from "../../queue/errors.ts";
import { askServer, credentials, type Patience } from "./connect.ts";
import { nameOfNode, type NodeAddress, type RedisTarget } from "./target.ts";

interface Answer {
  master: NodeAddress;
  epoch: number;
}

/** How long it waits for the others once more than half of them have answered. */
const LATE_MS_MAX = 100;

/** Rejects with one line that says why there is no answer. */
export async function findMaster(target: RedisTarget, patience: Patience): Promise<NodeAddress> {
  const { nodes } = target;
  const enough = Promise.withResolvers<void>();
  const answers: Answer[] = [];
  const reasons: string[] = [];
  const asked = nodes.map(async (node) => {
    try {
      answers.push(await ask(target, node, patience));
    } catch (error) {
      reasons.push(`${nameOfNode(node)}: ${(error as Error).message}`);
    }
    if (answers.length > nodes.length / 2) setTimeout(enough.resolve, LATE_MS_MAX);
  });
  await Promise.race([Promise.all(asked), enough.promise]);
  if (answers.length > 0) return answers.reduce((a, b) => (b.epoch > a.epoch ? b : a)).master;
  const why = reasons.toSorted().join("; ");
  throw new StoreError("unavailable", `no sentinel knows the master, ${why}`);
}

async function ask(
  target: RedisTarget,
  { host, port }: NodeAddress,
  patience: Patience,
): Promise<Answer> {
  const login = credentials(target.sentinelUsername, target.sentinelPassword);
  const options = { host, port, ...login, protocol: 2 as const };
  return await askServer(target, options, patience, async (redis) => {
    const question = (subcommand: string) =>
      redis.call("SENTINEL", subcommand, target.group) as Promise<string[]>;
    // The facts of the group name the old master until all of a failover is over.
    const [address, facts] = await Promise.all([
      question("GET-MASTER-ADDR-BY-NAME"),
      question("MASTER"),
    ]);
    const epoch = Number(facts[facts.indexOf("config-epoch") + 1]);
    return { master: { host: address[0]!, port: Number(address[1]) }, epoch };
  });
}
