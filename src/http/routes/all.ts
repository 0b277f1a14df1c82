// All routes of the API under /v1, in the order of the reference.
import type { Route } from "../route.ts";
import { changeRoutes } from "./changes.ts";
import { claimRoutes } from "./claims.ts";
import { eventRoutes } from "./events.ts";
import { historyRoutes } from "./history.ts";
import { messageRoutes } from "./messages.ts";
import { otherRoutes } from "./others.ts";
import { popRoutes } from "./pop.ts";
import { queueRoutes } from "./queues.ts";
import { serverRoutes } from "./server.ts";

export const routes: Route[] = [
  ...queueRoutes,
  ...historyRoutes,
  ...eventRoutes,
  ...popRoutes,
  ...claimRoutes,
  ...changeRoutes,
  ...otherRoutes,
  ...serverRoutes,
  ...messageRoutes,
];
