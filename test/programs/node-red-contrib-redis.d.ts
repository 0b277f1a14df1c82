// node-red-contrib-redis has no types.
declare module "node-red-contrib-redis/redis.js" {
  /** Registers its types of nodes. */
  export default function nodesOf(red: object): void;
}
