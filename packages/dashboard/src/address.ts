import { isIP } from "node:net";
import type { Request } from "express";

/**
 * The address that a request came from: the other end of the connection, or what trusted proxies say stands before them
 * (`X-Forwarded-For`; express follows it through the proxies it was told to trust).
 */
export function addressOf(request: Request): string {
  const said = request.ip ?? "";
  const address = isIP(said) === 0 ? (request.socket.remoteAddress ?? "unknown") : said;
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}
