import { createHmac } from "node:crypto";
import { SECOND } from "@tokenkeeper/shared/contract";
import { JSON_HEADERS, type Format } from "./format.ts";

/**
 * A program of one's own. The body is JSON; with a secret it is signed as `docs/alerts.md` describes. Any status of 200 to 299 accepts
 * the message; the body of the answer says nothing.
 */
export const webhook: Format = {
  request({ id, kind, title, link, data }, { url, secret, now }) {
    const event = kind === "test" ? "test" : kind === "recovered" ? "recovered" : "opened";
    const body = JSON.stringify({ id, event, title, ...data, ...(link && { url: link.url }) });
    const timestamp = Math.floor(now / SECOND);
    const signature = secret === undefined ? undefined : webhookSign(secret, timestamp, body);
    return {
      url,
      headers: {
        ...JSON_HEADERS,
        "x-tokenkeeper-id": id,
        "x-tokenkeeper-timestamp": String(timestamp),
        ...(signature !== undefined && { "x-tokenkeeper-signature": `sha256=${signature}` }),
      },
      body,
    };
  },
  judge: () => ({ type: "accepted" }),
};

/**
 * Hex of HMAC-SHA256 over `<timestamp>.<body>` with the secret as its key.
 * @param timestamp epoch s
 */
export function webhookSign(secret: string, timestamp: number, body: string): string {
  return createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
}
