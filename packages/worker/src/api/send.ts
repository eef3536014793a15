import type { Response } from "express";

/** An answer in JSON. */
export interface JsonAnswer {
  /** @default 200 */
  readonly status?: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends it as it is: express's own `json` would make an ETag of a token, and answer 304 to `If-None-Match: *`. */
export function send(response: Response, { status = 200, body, headers = {} }: JsonAnswer): void {
  response.status(status).set(headers).set("Content-Type", "application/json; charset=utf-8").end(JSON.stringify(body));
}
