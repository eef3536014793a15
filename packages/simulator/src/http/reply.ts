import type { Response } from "express";

/** WeChat's content type, as seen on its token endpoint; clients must decide by the body. */
const JSON_TYPE = "application/json; encoding=utf-8";

const BAD_GATEWAY_PAGE =
  "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n" +
  "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";

export interface LiteralReply {
  status?: number;
  contentType?: string;
  body: string;
}

/** Sends a literal reply with its length. */
export function send(res: Response, { status = 200, contentType = JSON_TYPE, body }: LiteralReply): void {
  const bytes = Buffer.from(body);
  res.writeHead(status, { "content-type": contentType, "content-length": bytes.length });
  res.end(bytes);
}

/** Sends the page that a proxy in front of WeChat answers with. */
export function sendBadGateway(res: Response): void {
  send(res, { status: 502, contentType: "text/html", body: BAD_GATEWAY_PAGE });
}

/** Announces the whole body, sends its first `bytes` and closes the connection. */
export function sendTruncated(res: Response, body: string, bytes: number): void {
  const whole = Buffer.from(body);
  res.writeHead(200, { "content-type": JSON_TYPE, "content-length": whole.length });
  res.flushHeaders();
  res.write(whole.subarray(0, Math.min(bytes, whole.length - 1)), () => res.destroy());
}

/** Resets the connection (RST), so that the client sees ECONNRESET. */
export function reset(res: Response): void {
  res.socket?.resetAndDestroy();
}
