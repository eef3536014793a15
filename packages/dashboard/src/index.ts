export { createDashboard, type Dashboard, type DashboardOptions } from "./dashboard.ts";
export { UnavailableError } from "./unavailable-error.ts";
