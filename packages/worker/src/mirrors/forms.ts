import type { MirrorSdk } from "@tokenkeeper/core";
import type { MirrorForm } from "./form.ts";
import { powerwechatForm } from "./powerwechat.ts";
import { silenceperForm } from "./silenceper.ts";
import { wechatpyForm } from "./wechatpy.ts";
import { wxjavaForm } from "./wxjava.ts";

/** How each SDK keeps credentials. */
export const MIRROR_FORMS: Readonly<Record<MirrorSdk, MirrorForm>> = {
  wxjava: wxjavaForm,
  silenceper: silenceperForm,
  wechatpy: wechatpyForm,
  powerwechat: powerwechatForm,
};
