// Requests of the API by the right that each needs.
import type { Json } from "../support/api.ts";

export type Request = [method: string, path: string, json?: Json];

const event = "/queues/mail/events/a";

/** By the right that each needs. */
export const requests: Record<string, Request[]> = {
  push: [
    ["POST", "/queues/mail/events", { contents: "x" }],
    ["PUT", "/queues/mail/counters/k", { members: 1 }],
    ["POST", "/queues/mail/counters/k/done", { member: "a" }],
    ["DELETE", "/queues/mail/counters/k"],
  ],
  consume: [
    ["POST", "/queues/mail/pop"],
    ["POST", "/pop", { queues: ["mail"] }],
    ["POST", `${event}/ack`, { token: "1" }],
    ["POST", `${event}/fail`, { token: "1" }],
    ["POST", `${event}/touch`, { token: "1" }],
    ["POST", `${event}/next`, { token: "1" }],
    ["POST", "/queues/mail/ack", { claims: [{ id: "a", token: "1" }] }],
    ["POST", "/queues/mail/touch", { claims: [{ id: "a", token: "1" }] }],
    ["POST", "/queues/mail/pause"],
    ["POST", "/queues/mail/resume"],
  ],
  inspect: [
    ["GET", "/queues"],
    ["GET", "/queues/mail"],
    ["GET", "/queues/mail/config"],
    ["GET", "/defaults"],
    ["GET", "/queues/mail/errors"],
    ["GET", "/queues/mail/empty?seconds=0"],
    ["GET", "/queues/mail/events"],
    ["GET", event],
    ["GET", `${event}/wait?seconds=0`],
    ["GET", "/queues/mail/peek"],
    ["GET", "/queues/mail/groups"],
    ["GET", "/queues/mail/groups/g"],
    ["GET", "/queues/mail/counters"],
    ["GET", "/queues/mail/counters/k"],
    ["GET", "/workers"],
    ["GET", "/workers?queue=mail"],
    ["GET", "/crons"],
    ["GET", "/crons?queue=mail"],
    ["GET", "/errors"],
    ["GET", "/server"],
  ],
  manage: [
    ["DELETE", "/queues/mail"],
    ["PATCH", "/queues/mail/config", { lease: 5 }],
    ["POST", "/queues/mail/pause", { direction: "in" }],
    ["POST", "/queues/mail/purge", { state: "ready" }],
    ["POST", "/queues/mail/retry", { all: true }],
    ["POST", "/queues/mail/delete", { ids: ["a"] }],
    ["PATCH", event, { contents: "y" }],
    ["DELETE", event],
    ["POST", `${event}/cancel`],
    ["POST", `${event}/retry`],
    ["PATCH", "/queues/mail/groups/g", { limit: 2 }],
  ],
};
