// Asks the sentinels who is master. All are asked, for one that was cut off may still name the old
// one; the answer of the latest epoch counts.
import { StoreError } from "../../queue/errors.ts";
import { askServer, credentials } from "./connect.ts";
import { nameOfNode, type NodeAddress, type RedisTarget } from "./target.ts";

interface Answer {
  master: NodeAddress;
  epoch: number;
}

/** Rejects with one line that says why there is no answer. */
export async function findMaster(target: RedisTarget): Promise<NodeAddress> {
  const answers = await Promise.allSettled(target.nodes.map((node) => ask(target, node)));
  let latest: Answer | null = null;
  const reasons: string[] = [];
  answers.forEach((answer, at) => {
    if (answer.status === "rejected") {
      reasons.push(`${nameOfNode(target.nodes[at]!)}: ${(answer.reason as Error).message}`);
    } else if (!latest || answer.value.epoch > latest.epoch) latest = answer.value;
  });
  if (latest) return (latest as Answer).master;
  throw new StoreError("unavailable", `no sentinel knows the master, ${reasons.join("; ")}`);
}

async function ask(target: RedisTarget, { host, port }: NodeAddress): Promise<Answer> {
  const login = credentials(target.sentinelUsername, target.sentinelPassword);
  const options = { host, port, ...login, protocol: 2 as const };
  return await askServer(target, options, async (redis) => {
    const question = (what: string) =>
      redis.call("SENTINEL", what, target.group) as Promise<string[]>;
    // The facts of the group name the old master until all of a failover is over.
    const [address, facts] = await Promise.all([
      question("GET-MASTER-ADDR-BY-NAME"),
      question("MASTER"),
    ]);
    const epoch = Number(facts[facts.indexOf("config-epoch") + 1]);
    return { master: { host: address[0]!, port: Number(address[1]) }, epoch };
  });
}
