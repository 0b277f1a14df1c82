// The stores that have groups of streams.
export const groupStores = ["reference", "memory", "sqlite"] as const;
