import { describe, expect, it } from "vitest";
import { planProcesses, type PlanInput } from "./process-plan.ts";
import { readStartSettings } from "./start-settings.ts";

const input = (env: Record<string, string>): PlanInput => ({
  root: "/project",
  env,
  settings: readStartSettings(env, false),
  ports: { dashboard: 3020, worker: 3021, simulator: 3022 },
  redisUrl: "redis://:pw@127.0.0.1:7001",
  dashboardPassword: "board-password",
  simulatorStateFile: "/state/simulator.json",
  alertVariables: ["OPS_ROBOT"],
});

describe("planProcesses", () => {
  it("runs simulator, worker and dashboard when no account is configured", () => {
    const plan = planProcesses(input({ LANG: "C" }));

    expect(plan.addresses).toEqual({
      dashboard: "http://127.0.0.1:3020",
      worker: "http://127.0.0.1:3021",
      simulator: "http://127.0.0.1:3022",
    });
    expect(plan.simulator?.process).toEqual({
      name: "simulator",
      script: "/project/packages/simulator/src/main.ts",
      env: { LANG: "C", SIMULATOR_PORT: "3022", SIMULATOR_STATE_FILE: "/state/simulator.json" },
      readyUrl: "http://127.0.0.1:3022/__sim/healthz",
    });
    expect(plan.worker.env).toEqual({
      LANG: "C",
      REDIS_URL: "redis://:pw@127.0.0.1:7001",
      WORKER_HEALTH_PORT: "3021",
      TOKENKEEPER_CONFIG: "/project/examples/tokenkeeper.yaml",
      WECHAT_API_BASE_URL: "http://127.0.0.1:3022",
      TOKENKEEPER_ALERTS: "/project/examples/alerts.yaml",
      EXAMPLE_ROBOT: "http://127.0.0.1:3022/cgi-bin/webhook/send?key=example",
    });
    expect(plan.dashboard).toMatchObject({
      env: {
        REDIS_URL: "redis://:pw@127.0.0.1:7001",
        DASHBOARD_PORT: "3020",
        DASHBOARD_PASSWORD: "board-password",
      },
      readyUrl: "http://127.0.0.1:3020/healthz",
    });
  });

  it("sends the example accounts to the simulator whatever address of WeChat is set", () => {
    const plan = planProcesses(input({ WECHAT_API_BASE_URL: "https://api.weixin.qq.com" }));

    expect(plan.worker.env["WECHAT_API_BASE_URL"]).toBe("http://127.0.0.1:3022");
  });

  it("gives both processes the file of alerts that is set and the variables in it, and no example", () => {
    const env = { TOKENKEEPER_ALERTS: "alerts.yaml", OPS_ROBOT: "https://robot", SHOP_SECRET: "s" };
    const plan = planProcesses(input(env));

    expect(plan.dashboard.env).toMatchObject({ TOKENKEEPER_ALERTS: "alerts.yaml", OPS_ROBOT: "https://robot" });
    expect(plan.dashboard.env).not.toHaveProperty("SHOP_SECRET");
    for (const { env: given } of [plan.worker, plan.dashboard]) {
      expect(given["TOKENKEEPER_ALERTS"]).toBe("alerts.yaml");
      expect(given).not.toHaveProperty("EXAMPLE_ROBOT");
    }
  });

  it("runs worker and dashboard with their environment untouched when accounts are configured", () => {
    const plan = planProcesses(input({ TOKENKEEPER_CONFIG: "mine.yaml" }));

    expect(plan.simulator).toBeUndefined();
    expect(plan.addresses).not.toHaveProperty("simulator");
    expect(plan.worker.env["TOKENKEEPER_CONFIG"]).toBe("mine.yaml");
    expect(plan.worker.env).not.toHaveProperty("WECHAT_API_BASE_URL");
  });

  it.each([
    ["0.0.0.0", "http://127.0.0.1:3020"],
    ["::", "http://127.0.0.1:3020"],
    ["::1", "http://[::1]:3020"],
    ["10.0.0.5", "http://10.0.0.5:3020"],
  ])("reaches a dashboard that listens on %s at %s", (host, address) => {
    expect(planProcesses(input({ DASHBOARD_HOST: host })).addresses.dashboard).toBe(address);
  });
});
