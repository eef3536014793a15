import { z } from "zod";
import type { AccountType } from "./account.ts";
import { describeValue, didYouMean, problemsOf, type Problem } from "./problems.ts";

/** The SDKs into whose own Redis cache values can be mirrored. */
export const MIRROR_SDKS = ["wxjava", "silenceper", "wechatpy", "powerwechat"] as const;

/** One of `MIRROR_SDKS`. */
export type MirrorSdk = (typeof MIRROR_SDKS)[number];

/** One mirror of an account: its values stand under an SDK's own keys as well. */
export interface Mirror {
  readonly sdk: MirrorSdk;
  /** With what the SDK's keys begin; empty where the SDK has nothing to set. */
  readonly prefix: string;
}

/** The mirrors of one account, or what is wrong with them. */
export interface FoundMirrors {
  readonly mirrors: readonly Mirror[];
  readonly problems: readonly Problem[];
}

/** What each SDK's keys begin with when nothing is set: docs/sdk-mirrors.md names the sources. */
const DEFAULT_PREFIX: Readonly<Record<MirrorSdk, Readonly<Record<AccountType, string>>>> = {
  wxjava: { "official-account": "wx", "mini-program": "wa" },
  silenceper: { "official-account": "gowechat_officialaccount_", "mini-program": "gowechat_miniprogram_" },
  wechatpy: { "official-account": "wechatpy", "mini-program": "wechatpy" },
  powerwechat: { "official-account": "", "mini-program": "" },
};

const SDK = `one of ${MIRROR_SDKS.join(", ")}`;
const PREFIX = "1 to 64 letters, digits and . _ : -";
const NO_PREFIX = "no prefix: PowerWeChat has none to set";
const NO_SECRET = "an account with a secret: PowerWeChat's keys are made of it";
const ENTRY = "the name of an SDK, or a mapping with sdk and prefix";
const LIST = `a list of SDKs: ${MIRROR_SDKS.join(", ")}`;

const mapping = z
  .strictObject({
    sdk: z.enum(MIRROR_SDKS, SDK),
    prefix: z
      .string(PREFIX)
      .regex(/^[\w.:-]{1,64}$/, PREFIX)
      .optional(),
  })
  .refine(({ sdk, prefix }) => sdk !== "powerwechat" || prefix === undefined, { path: ["prefix"], message: NO_PREFIX });

const MAPPING_KEYS = Object.keys(mapping.shape);

/**
 * Finds the mirrors that an account names: each is the name of an SDK, or a mapping with the prefix of its keys.
 * @param path the account's place in the file of accounts.
 * @param follows whether the account has no secret of its own.
 */
export function findMirrors(
  account: Readonly<Record<string, unknown>>,
  { path, follows }: { path: string; follows: boolean },
): FoundMirrors {
  const { mirror: written, type } = account;
  if (written === undefined) return { mirrors: [], problems: [] };
  const place = `${path}.mirror`;
  if (!Array.isArray(written)) {
    return { mirrors: [], problems: [{ path: place, expected: LIST, got: describeValue(place, written) }] };
  }
  const owners = new Map<string, string>();
  const found = written.map((item: unknown, index) => {
    const at = `${place}[${index}]`;
    const read = readOne(item, at);
    if ("problems" in read) return read;
    const { sdk, prefix = DEFAULT_PREFIX[sdk][type === "mini-program" ? type : "official-account"] } = read;
    if (sdk === "powerwechat" && follows) {
      return { problems: [{ path: at, expected: NO_SECRET, got: "an account that follows a leader" }] };
    }
    const owner = owners.get(`${sdk} ${prefix}`);
    owners.set(`${sdk} ${prefix}`, owner ?? at);
    const expected = "a mirror that writes other keys than the others of the account";
    return owner === undefined
      ? { sdk, prefix }
      : { problems: [{ path: at, expected, got: `${sdk} with the keys of ${owner}` }] };
  });
  return {
    mirrors: found.flatMap((item) => ("problems" in item ? [] : [item])),
    problems: found.flatMap((item) => ("problems" in item ? item.problems : [])),
  };
}

function readOne(written: unknown, path: string): z.output<typeof mapping> | { problems: Problem[] } {
  const isName = typeof written === "string";
  if (!isName && (typeof written !== "object" || written === null || Array.isArray(written))) {
    return { problems: [{ path, expected: ENTRY, got: describeValue(path, written) }] };
  }
  const input = isName ? { sdk: written } : written;
  const parsed = mapping.safeParse(input, { error: () => "another value" });
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error.issues, input, () => MAPPING_KEYS).map((problem) => {
    const hint = problem.path === "sdk" && "sdk" in input ? didYouMean(String(input.sdk), MIRROR_SDKS) : "";
    return { ...problem, path: isName ? path : `${path}.${problem.path}`, got: problem.got + hint };
  });
  return { problems };
}
