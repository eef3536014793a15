// The lines that a start prints when all is ready. Pure.
import { alertsCommand, FAILING, mendCommand, SHORT_LIVED } from "./example-accounts.ts";
import type { Addresses } from "./running-start.ts";

export interface WelcomeInput {
  readonly addresses: Addresses;
  readonly user: string;
  /** `undefined` when a person set it: then it is not ours to print. */
  readonly password: string | undefined;
  /** Appid of the failing example account; present in a first run only. */
  readonly failingAppId: string | undefined;
  readonly stateFolder: string;
  /** True when REDIS_URL or the configuration names the Redis: apps then need REDIS_URL too. */
  readonly namedRedis: boolean;
  /** Sentences about what is not as usual. */
  readonly notes: readonly string[];
}

/** Plain text, English with the Chinese beside; ends with a newline. */
export function welcomeText(input: WelcomeInput): string {
  const { addresses, failingAppId } = input;
  const password = input.password ?? "as set in DASHBOARD_PASSWORD (见环境变量)";
  const lines = [
    "Tokenkeeper is running. 中控服务器已启动。",
    "",
    `Dashboard 看板: ${addresses.dashboard}/`,
    `  user 用户名: ${input.user}    password 密码: ${password}`,
  ];
  if (addresses.simulator !== undefined && failingAppId !== undefined) {
    const variable = input.namedRedis ? "REDIS_URL=… " : "";
    lines.push(
      `Example accounts on a simulated WeChat 示例账号（模拟微信）: ${addresses.simulator}`,
      `Read a token and call WeChat with it, as account "${SHORT_LIVED}" 读取凭证并调用微信:`,
      `  ${variable}npx -y pnpm example`,
      `Read the alerts that a simulated group robot got 查看模拟群机器人收到的告警:`,
      `  ${alertsCommand(addresses.simulator)}`,
      `Mend account "${FAILING}", which fails with 40164 修复报 40164 的示例账号:`,
      `  ${mendCommand(addresses.simulator, failingAppId)}`,
      `  then press retry 然后点重试: ${addresses.dashboard}/?search=${FAILING}`,
    );
  }
  lines.push(
    ...input.notes,
    `State 数据目录: ${input.stateFolder}`,
    "Ctrl-C ends everything. 按 Ctrl-C 全部停止。",
    "",
  );
  return `${lines.join("\n")}\n`;
}
