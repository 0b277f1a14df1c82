// Several okq on one bucket: what clients of one that stands by see. All runs in this process; see
// test/faults for okq processes that are killed.
import { expect, test } from "bun:test";
import { createClient } from "redis";
import { Redis } from "ioredis";
import { ask, askAll } from "../support/transact.ts";
