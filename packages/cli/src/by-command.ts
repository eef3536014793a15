import type { CredentialRef } from "@tokenkeeper/shared/contract";
import type { Language } from "./texts.ts";

/** What a command is to be about. */
export interface About {
  /** Id of a job, or an option. */
  readonly rerun: string;
  /** Account and kind. */
  readonly refresh: string;
}

const ALL: About = { rerun: "--all", refresh: "<account>" };

/** What a command about these credentials is to be about; `undefined` when they are of several accounts. */
export function aboutAll(credentials: readonly CredentialRef[]): About | undefined {
  const [first, ...others] = credentials;
  if (!first || others.some(({ account }) => account !== first.account)) return undefined;
  return { rerun: `--account ${first.account}`, refresh: `${first.account} ${first.kind}` };
}

/** The buttons of the pages as sentences name them. */
const BUTTONS = {
  en: { retry: "press retry", refresh: "press Refresh now", run: "run" },
  zh: { retry: "点击重试", refresh: "点“立即刷新”", run: "执行" },
} as const;

/** The sentences of the pages name their buttons: here is no button, but a command that does the same. */
export function byCommand(text: string, language: Language, { rerun, refresh }: About = ALL): string {
  const words = BUTTONS[language];
  const space = language === "zh" ? " " : "";
  const command = (name: string): string => `${words.run} \`tokenkeeper ${name}\``;
  return text
    .replace(words.retry, () => command(`rerun ${rerun}`))
    .replace(words.refresh, () => `${command(`refresh ${refresh}`)}${space}`);
}
