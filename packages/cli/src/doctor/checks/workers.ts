import { fleetCheck } from "../check.ts";
import { ok, problem, warning } from "../finding.ts";

/** Whether workers give signs of life, and which versions they are of. */
export const workers = fleetCheck("workers", ({ fleet }) => {
  const count = fleet.workers.length;
  if (count === 0) {
    return problem(
      { en: "No worker gives a sign of life: nothing is refreshed.", zh: "没有存活的 worker，不会刷新任何凭证。" },
      {
        en: "Start one (`npx -y pnpm worker`, or `docker compose up -d worker`); one that ends at once says why.",
        zh: "请启动一个（`npx -y pnpm worker` 或 `docker compose up -d worker`）；立即退出的 worker 会说明原因。",
      },
    );
  }
  const versions = [...new Set(fleet.workers.map(({ version }) => version))].toSorted();
  if (versions.length === 1) {
    return ok(`${count} alive, version ${versions[0]}.`, `${count} 个存活，版本 ${versions[0]}。`);
  }
  return warning(
    {
      en: `${count} alive, of different versions: ${versions.join(", ")}.`,
      zh: `${count} 个存活，版本不一：${versions.join("、")}。`,
    },
    {
      en: "Fine while an update is rolled out; afterwards, update the older ones.",
      zh: "滚动升级期间属正常；升级结束后请更新较旧的 worker。",
    },
  );
});
