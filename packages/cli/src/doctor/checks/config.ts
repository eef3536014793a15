import type { Check } from "../check.ts";
import { ok, problem, skipped, warning } from "../finding.ts";

/** The worker's configuration: every problem at once. */
export const config: Check = {
  name: "config",
  judge({ config: facts }) {
    if (facts.type === "absent") {
      return skipped(
        "There is no tokenkeeper.yaml in this folder and TOKENKEEPER_CONFIG names none: look where a worker runs.",
        "当前目录没有 tokenkeeper.yaml，也未设置 TOKENKEEPER_CONFIG：请在 worker 所在处检查。",
      );
    }
    if (facts.type === "refused") {
      return facts.problems.flatMap(({ path, expected, got }) =>
        problem(
          { en: `${path}: expected ${expected}, got ${got}.`, zh: `${path}：应为 ${expected}，实为 ${got}。` },
          {
            en: "Correct it: no worker starts with it, and a running one keeps the configuration before it.",
            zh: "请改正：worker 无法用它启动，运行中的 worker 会沿用之前的配置。",
          },
        ),
      );
    }
    const { accounts, warnings } = facts;
    if (warnings.length === 0) return ok(`It is accepted: ${accounts} accounts.`, `配置有效，共 ${accounts} 个账号。`);
    return warnings.flatMap((text) =>
      warning(
        { en: `${text}.`, zh: `${text}。` },
        { en: "Look at it in the configuration.", zh: "请检查配置中的该处。" },
      ),
    );
  },
};
