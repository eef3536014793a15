import type { Drill } from "./drill.ts";
import { leakedSecret } from "./leaked-secret.ts";
import { leakedToken } from "./leaked-token.ts";
import { lostRedis } from "./lost-redis.ts";
import { newRedis } from "./new-redis.ts";
import { quotaGone } from "./quota-gone.ts";
import { whitelistChanged } from "./whitelist-changed.ts";

/** Every drill, in the order of the document. */
export const DRILLS: readonly Drill[] = [leakedSecret, leakedToken, lostRedis, quotaGone, whitelistChanged, newRedis];
