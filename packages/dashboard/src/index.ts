export { loadDashboardConfig, type DashboardConfig } from "./dashboard-config.ts";
export { createDashboard, type Dashboard, type DashboardOptions } from "./dashboard.ts";
export { UnavailableError } from "@tokenkeeper/ops";
