import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextPage, signInPath } from "./next-page.ts";

describe("the page after signing in", () => {
  it.each([
    "/?search=failing",
    "/?search=%E5%BA%97&state=blocked",
    "/fleet",
    "/audit?before=1-0",
    "/credentials/wx1234567890abcdef/access_token",
    "/queues/queue/refresh?status=failed",
    "/queues/queue/refresh/repeat%3Atick-1%3A2",
  ])("is the one that was asked for: %s", (page) => {
    expect(nextPage(page)).toBe(page);
    expect(new URL(signInPath(page), "http://any").searchParams.get("next")).toBe(page);
  });

  it.each([
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "https://evil.example/fleet",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/..//evil.example",
    "/%2F%2Fevil.example",
    "http://here.invalid@evil.example/",
    "/nowhere",
    "/login?next=/fleet",
    "/logout",
    "/healthz",
    "/api/credentials",
    "/queues/api/queues",
    "/queues/static/js/main.js",
    "/ui/client/main.ts",
    "/audit.js",
    `/?search=${"x".repeat(1_000)}`,
    "",
    ["/fleet"],
    undefined,
    null,
    7,
  ])("is the start page for %j", (wanted) => {
    expect(nextPage(wanted)).toBe("/");
  });

  it("is asked for by the plain address of the form when it is the start page", () => {
    expect(signInPath("/")).toBe("/login");
    expect(signInPath("/healthz")).toBe("/login");
  });

  it("is never of another origin", () => {
    const unit = fc.constantFrom("/", "\\", ".", ":", "@", "a", "?", "%", "\t", "\n", "fleet", "queues");
    fc.assert(
      fc.property(fc.string({ unit }), (wanted) => {
        const page = nextPage(wanted);
        expect(page).toMatch(/^\/(?![/\\])/);
        expect(new URL(page, "http://board").origin).toBe("http://board");
      }),
    );
  });
});
