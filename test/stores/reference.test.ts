// The reference store keeps the contract that it is the plainest form of.
import { storeContract } from "./contract.ts";
import { openReference } from "./open-reference.ts";

storeContract("reference", openReference);
