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
    ["GET", "/api/credentials"],
    ["GET", "/api/credentials/ww1.1000002/jsapi_ticket"],
    ["GET", "/api/events"],
    ["POST", "/api/credentials/wx1234567890abcdef/access_token/force"],
    ["POST", "/api/accounts/wx1234567890abcdef/pause"],
    ["POST", "/api/jobs/rerun"],
    ["GET", "/queues"],
    ["HEAD", "/queues/static/js/main.js"],
    ["GET", "/queues/api/queues"],
    ["POST", "/logout"],
    ["PUT", "/queues/api/queues/refresh/17/retry"],
    ["PUT", "/queues/api/queues/refresh/repeat%3Asweep%3A1800000000000/retry"],
    ["PUT", "/queues/api/queues/refresh/retry/failed"],
  ])("lets who is signed in %s %s", (method, path) => {
    expect(audienceOf(method, path)).toBe("signed-in");
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
    ["PUT", "/queues/api/queues/pause"],
  ])("lets nobody %s %j", (method, path) => {
    expect(audienceOf(method, path)).toBeUndefined();
  });
});
