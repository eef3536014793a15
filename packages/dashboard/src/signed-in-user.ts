import type { Response } from "express";
import type { Role } from "@tokenkeeper/ops";

/** Who sent a request, as the gate found out. */
export interface SignedInUser {
  readonly name: string;
  readonly role: Role;
  /** The address that the request came from. */
  readonly address: string;
  /** How the gate knows: by a session that began with a password, or by a trusted proxy's header. */
  readonly by: "session" | "proxy";
}

/** The user of a request that the gate let through to a route that needs a role. */
export function signedInUser(response: Response): SignedInUser {
  return response.locals["user"] as SignedInUser;
}
