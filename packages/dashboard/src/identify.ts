import type { Request } from "express";
import type { Audit } from "@tokenkeeper/ops";
import { addressOf } from "./address.ts";
import type { SessionCookie } from "./session-cookie.ts";
import type { Sessions } from "./sessions.ts";
import type { SignedInUser } from "./signed-in-user.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";
import type { Users } from "./users/users.ts";

/** What tells who sent a request. */
export interface IdentifyDeps {
  readonly users: Pick<Users, "findInFile">;
  readonly sessions: Pick<Sessions, "find">;
  readonly cookie: SessionCookie;
  readonly proxies: TrustedProxies;
  readonly audit: Pick<Audit, "note">;
}

/**
 * Finds out who sent a request: a trusted proxy's header decides, else the session.
 * @param use whether the request counts as use of its session
 * @returns `undefined`: nobody. `"stranger"`: a trusted proxy names somebody who is no user of the file.
 * @throws UnavailableError when the session cannot be looked up.
 */
export type Identify = (request: Request, use: boolean) => Promise<SignedInUser | "stranger" | undefined>;

/** Addresses that are remembered as having sent the header without being trusted. */
const MOST_REMEMBERED = 100;

/** Identifies by what the deps know. A header from elsewhere is ignored and written down once for an address. */
export function createIdentify({ users, sessions, cookie, proxies, audit }: IdentifyDeps): Identify {
  const foreign = new Set<string>();

  function noteForeignHeader(address: string, header: string): void {
    if (foreign.has(address) || foreign.size >= MOST_REMEMBERED) return;
    foreign.add(address);
    audit.note({ user: { address }, action: "foreign_header", target: header, result: "refused" });
  }

  return async (request, use) => {
    const address = addressOf(request);
    const header = proxies.userHeader;
    const named = header === undefined ? undefined : request.headers[header];
    if (header !== undefined && named !== undefined) {
      const peer = request.socket.remoteAddress ?? "";
      if (proxies.trusts(peer)) {
        const user = users.findInFile(textOf(named));
        return user ? { name: user.name, role: user.role, address, by: "proxy" } : "stranger";
      }
      noteForeignHeader(peer, header);
    }
    const id = cookie.read(request.headers.cookie);
    const user = id === undefined ? undefined : await sessions.find(id, use);
    return user && { name: user.name, role: user.role, address, by: "session" };
  };
}

/** Node reads headers as Latin-1; a name may have any letters. */
function textOf(header: string | readonly string[]): string {
  return Buffer.from(String(header), "latin1").toString("utf8");
}
