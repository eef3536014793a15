import type { ReceiverType } from "../receiver.ts";
import { dingtalk } from "./dingtalk.ts";
import { feishu } from "./feishu.ts";
import type { Format } from "./format.ts";
import { webhook } from "./webhook.ts";
import { wecom } from "./wecom.ts";

/** How messages look, by the type of their receiver. */
export const FORMATS: Readonly<Record<ReceiverType, Format>> = { wecom, dingtalk, feishu, webhook };
