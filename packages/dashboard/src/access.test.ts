import { describe, expect, it } from "vitest";
import { audienceOf } from "./access.ts";

describe("audienceOf", () => {
  it.each([
    ["GET", "/healthz"],
    ["HEAD", "/readyz"],
    ["GET", "/login"],
    ["POST", "/login"],
    ["GET", "/login.css"],
    ["GET", "/icon.svg"],
  ])("lets anyone %s %s", (method, path) => {
    expect(audienceOf(method, path)).toBe("anyone");
  });

  it.each([
    ["GET", "/"],
    ["GET", "/fleet"],
    ["GET", "/credentials/wx1234567890abcdef/access_token"],
    ["GET", "/ui/client/lib/lit-html/directives/repeat.js"],
    ["GET", "/ui/client/lib/uplot/uPlot.min.css"],
    ["GET", "/api/credentials"],
    ["GET", "/api/credentials/ww1.1000002/jsapi_ticket"],
    ["GET", "/api/fleet"],
    ["GET", "/api/events"],
    ["GET", "/queues"],
    ["GET", "/queues/queue/refresh/repeat%3Asweep%3A1800000000000"],
    ["HEAD", "/queues/static/js/main.js"],
    ["GET", "/queues/api/queues"],
    ["GET", "/queues/api/queues/refresh/17/logs"],
    ["POST", "/logout"],
    ["POST", "/logout/everywhere"],
  ])("lets a viewer %s %s", (method, path) => {
    expect(audienceOf(method, path)).toBe("viewer");
  });

  it.each([
    ["POST", "/api/credentials/wx1234567890abcdef/access_token/refresh"],
    ["POST", "/api/credentials/%E5%95%86%E5%9F%8E/jsapi_ticket/refresh"],
    ["POST", "/api/jobs/rerun"],
    ["GET", "/queues/api/queues/refresh/workers"],
    ["PUT", "/queues/api/queues/refresh/17/retry"],
    ["PUT", "/queues/api/queues/refresh/repeat%3Asweep%3A1800000000000/retry"],
    ["PUT", "/queues/api/queues/refresh/retry-17/retry"],
    ["PUT", "/queues/api/queues/refresh/retry/failed"],
  ])("lets an operator %s %s", (method, path) => {
    expect(audienceOf(method, path)).toBe("operator");
  });

  it.each([
    ["POST", "/api/credentials/wx1234567890abcdef/access_token/force"],
    ["POST", "/api/accounts/wx1234567890abcdef/reset-quota"],
    ["POST", "/api/accounts/wx1234567890abcdef/pause"],
    ["POST", "/api/accounts/wx1234567890abcdef/resume"],
    ["GET", "/audit"],
    ["GET", "/api/audit"],
  ])("lets an admin %s %s", (method, path) => {
    expect(audienceOf(method, path)).toBe("admin");
  });

  it.each([
    ["POST", "/healthz"],
    ["PUT", "/login"],
    ["POST", "/"],
    ["POST", "/api/credentials"],
    ["DELETE", "/api/credentials/wx1234567890abcdef/access_token"],
    ["GET", "/api/credentials/wx1234567890abcdef/secret"],
    ["GET", "/api/credentials/../access_token"],
    ["GET", "/api/credentials/wx%2f/access_token"],
    ["GET", "/ui/../main.ts"],
    ["GET", "/ui/ops/%2e%2e/main.ts"],
    ["POST", "/api/accounts/wx1234567890abcdef/pause/"],
    ["POST", "/api/accounts/{x}/pause"],
    ["GET", "/login/"],
    ["GET", "/queuesx"],
    ["get", "/queues"],
    ["POST", "/queues/api/queues/refresh/17/retry"],
    ["PUT", "/queues/api/queues/refresh/17/retry/"],
    ["PUT", "/queues/api/queues/refresh//retry"],
    ["PUT", "/queues/api/queues/refresh/17/18/retry"],
    ["PUT", "/queues/api/queues/refresh/17%2Fpromote/retry"],
    ["PUT", "/queues/api/queues/refresh/17/retry\n"],
    ["PUT", "/queues/api/queues/schedule/17/retry"],
    ["PUT", "/queues/api/queues/refresh/retry/completed"],
    ["GET", "/queues/api/queues/refresh/WORKERS"],
    ["HEAD", "/queues/api/queues/refresh/Workers"],
    ["GET", "/queues/api/queues/refresh/METRICS"],
    ["GET", "/queues/api/queues/refresh/17/LOGS"],
    ["GET", "/QUEUES/api/queues/refresh/workers"],
    ["PUT", "/queues/api/queues/refresh/RETRY/failed"],
    ["PUT", "/queues/api/queues/refresh/retry/retry"],
    ["PUT", "/queues/api/queues/refresh/Retry/retry"],
    ["PUT", "/queues/api/queues/refresh/clean/retry"],
    ["PUT", "/queues/api/queues/refresh/CLEAN/retry"],
    ["PUT", "/queues/api/queues/pause"],
    ["GET", "/queues/api/queues/other/metrics"],
    ["GET", "/queues/api/a-route-of-the-next-version"],
    ["GET", "/queues/static/../../package.json"],
    ["GET", "/queues/static/.hidden"],
    ["GET", "/credentials/../audit"],
    ["POST", "/api/credentials/a%2Fb/access_token/refresh"],
    ["POST", "/api/credentials/a%00/access_token/refresh"],
    ["POST", "/api/credentials/wx1234567890abcdef/secret/force"],
    ["POST", "/api/credentials/wx1234567890abcdef/access_token"],
    ["GET", "/api/accounts/wx1234567890abcdef/pause"],
    ["POST", "/audit"],
    ["DELETE", "/api/audit"],
  ])("lets nobody %s %j", (method, path) => {
    expect(audienceOf(method, path)).toBeUndefined();
  });
});
