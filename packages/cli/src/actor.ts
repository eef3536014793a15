import type { Actor } from "@tokenkeeper/ops";
import type { Io } from "./io.ts";

/** Who acts, for the audit trail. No user of the dashboard has a colon in the name. */
export function actorOf({ user, host }: Pick<Io, "user" | "host">): Actor {
  return { name: `cli:${user}`, role: "", address: host };
}
