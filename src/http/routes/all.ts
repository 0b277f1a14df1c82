// All routes of the API under /v1, in the order of the reference.
import type { Route } from "../route.ts";
import { claimRoutes } from "./claims.ts";
import { eventRoutes } from "./events.ts";

export const routes: Route[] = [...eventRoutes, ...claimRoutes];
