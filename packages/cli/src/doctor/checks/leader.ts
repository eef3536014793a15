import type { Bilingual } from "@tokenkeeper/core";
import type { Check } from "../check.ts";
import { ok, problem, skipped } from "../finding.ts";
import { REACH_WORDS } from "./reach-words.ts";

const REMEDY: Bilingual = {
  en: "Check `leader.url` in the configuration, that the leader's worker runs with its section `api`, and firewall and proxy between; where a private CA signed its certificate, NODE_EXTRA_CA_CERTS (docs/follower.md).",
  zh: "请检查配置中的 `leader.url`、上游的 worker 是否在运行并启用了 `api`，以及中间的防火墙与代理；证书由私有 CA 签发时需设置 NODE_EXTRA_CA_CERTS（docs/follower.md）。",
};
/** A proxy before a leader that is away answers so. */
const AWAY = 500;

/** Whether the instance that is followed is reached from here. */
export const leader: Check = {
  name: "leader",
  judge({ config, leader: facts }) {
    if (!facts) {
      return config.type === "read"
        ? skipped("No account follows another instance.", "没有从上游读取的账号。")
        : skipped("The configuration is not known here: see above.", "此处没有可用的配置，见上。");
    }
    const { host, reach } = facts;
    if (reach.type === "failed") {
      const words = REACH_WORDS[reach.at];
      return problem({ en: `${host}: ${words.en}.`, zh: `${host}：${words.zh}。` }, REMEDY);
    }
    if (reach.status < AWAY) return ok(`${host} answers.`, `${host} 正常应答。`);
    return problem(
      { en: `${host} answers with the status ${reach.status}.`, zh: `${host} 应答状态为 ${reach.status}。` },
      REMEDY,
    );
  },
};
