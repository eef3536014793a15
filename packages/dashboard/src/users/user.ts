import type { PasswordHash, Role } from "@tokenkeeper/ops";

/** Somebody who may use the dashboard. */
export interface User {
  readonly name: string;
  readonly role: Role;
  /** None: the user comes by single sign-on only. */
  readonly hash: PasswordHash | undefined;
  /** Changes with name, role and password. What is bound to it ends with it. */
  readonly entry: string;
}

/** User name and password, as configured or as typed. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}
