import { describe, expect, it } from "vitest";
import { welcomeText, type WelcomeInput } from "./welcome.ts";

const firstRun: WelcomeInput = {
  addresses: {
    dashboard: "http://127.0.0.1:3010",
    worker: "http://127.0.0.1:3011",
    simulator: "http://127.0.0.1:3012",
  },
  user: "admin",
  password: "made-for-you",
  failingAppId: "wxfailing000000001",
  stateFolder: "/project/.tokenkeeper",
  namedRedis: false,
  notes: [],
};

describe("welcomeText", () => {
  it("tells a first run how to sign in, read a token, mend the failing account and retry", () => {
    const text = welcomeText(firstRun);

    expect(text).toContain("http://127.0.0.1:3010/");
    expect(text).toContain("admin    password 密码: made-for-you");
    expect(text).toContain("\n  npx -y pnpm example\n");
    expect(text).toContain(
      `curl -X PATCH http://127.0.0.1:3012/__sim/accounts/wxfailing000000001 -d '{"whitelist":null}'\n`,
    );
    expect(text).toContain("\n  curl http://127.0.0.1:3012/__sim/robots/messages\n");
    expect(text).toContain("/project/.tokenkeeper\n");
  });

  it("does not print a password that a person set", () => {
    expect(welcomeText({ ...firstRun, password: undefined })).toContain("as set in DASHBOARD_PASSWORD");
  });

  it("says that the example needs REDIS_URL where the start was given one", () => {
    expect(welcomeText({ ...firstRun, namedRedis: true })).toContain("REDIS_URL=… npx -y pnpm example");
  });

  it("speaks of no example when accounts are configured", () => {
    const { dashboard, worker } = firstRun.addresses;
    const text = welcomeText({ ...firstRun, addresses: { dashboard, worker }, failingAppId: undefined });

    expect(text).not.toMatch(/example|curl/);
  });

  it("repeats notes as lines of their own", () => {
    expect(welcomeText({ ...firstRun, notes: ["Port 3010 is taken."] })).toContain("\nPort 3010 is taken.\n");
  });
});
