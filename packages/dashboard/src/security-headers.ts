import type { RequestHandler } from "express";
import helmet from "helmet";

/**
 * Headers of every answer. No page may load anything from another host, be framed, or be kept by a cache.
 * @param secure whether people reach the dashboard over https
 */
export function createSecurityHeaders(secure: boolean): RequestHandler[] {
  const headers = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        // Bull Board's page brings a style element and style attributes of its own.
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        // Bull Board's page has a base element, without which its deep links resolve wrongly.
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "manifest-src": ["'self'"],
        // Bull Board colours job data in a worker.
        "worker-src": ["'self'"],
      },
    },
    xFrameOptions: { action: "deny" },
    strictTransportSecurity: secure,
    // Browsers complain about these on plain http.
    crossOriginOpenerPolicy: secure,
    originAgentCluster: secure,
  });
  const noStore: RequestHandler = (request, response, next) => {
    // Bull Board's own files carry a hash in their name and nothing of ours.
    if (!request.path.startsWith("/queues/static/")) response.set("Cache-Control", "no-store");
    next();
  };
  return [headers, noStore];
}
