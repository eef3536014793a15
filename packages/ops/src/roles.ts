/** What a user may do, from the least to the most. */
export const ROLES = ["viewer", "operator", "admin"] as const;

/** One of `ROLES`; each may do what those before it may. */
export type Role = (typeof ROLES)[number];

/** Whether a role may do what needs `least`. */
export function suffices(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}
