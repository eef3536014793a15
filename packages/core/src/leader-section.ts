import { z } from "zod";
import type { Leader } from "./account.ts";
import { isNear } from "./near-host.ts";
import { describeValue, quoted, type Problem } from "./problems.ts";
import { secretOf } from "./secret.ts";
import { readSecretFile, type ReadFile } from "./secret-file.ts";

/** The section `leader` of the configuration, from where accounts without a secret read; or what is wrong with it. */
export interface FoundLeader {
  readonly leader?: Leader;
  readonly problems: readonly Problem[];
  /** Sentences about what is accepted but should be looked at. */
  readonly warnings: readonly string[];
}

const URL_FORM =
  "https://<host>, or http:// to this machine, to an address of a private network, or with allowHttp: true";
const KEY = "a key of 43 letters, digits, - and _, as `pnpm api-key` prints it";
const KEY_PATTERN = /^[A-Za-z0-9_-]{43}$/;

/** The section as written. */
export const leaderSectionSchema = z.strictObject(
  {
    url: z.string(URL_FORM),
    key: z.string(KEY).optional(),
    keyFile: z.string("the path of a file").optional(),
    allowHttp: z.boolean("true or false").default(false),
  },
  "a mapping with url and key",
);

/** The keys that the section may have. */
export const LEADER_KEYS = Object.keys(leaderSectionSchema.shape);

/** What the schema cannot see: where the URL leads, and the key itself. @param section as written, whatever it holds. */
export function findLeader(section: unknown, readFile: ReadFile): FoundLeader {
  if (typeof section !== "object" || section === null || Array.isArray(section)) return { problems: [], warnings: [] };
  const written = section as Readonly<Record<string, unknown>>;
  const where = originOf(written);
  const key = findKey(written, readFile);
  return {
    ...(where.origin !== undefined &&
      key.key !== undefined && { leader: { origin: where.origin, key: secretOf(key.key) } }),
    problems: [...where.problems, ...key.problems],
    warnings: key.warnings,
  };
}

/** A key is sent there: not in the clear over a network that others share, unless somebody says so. */
function originOf({ url: written, allowHttp }: Readonly<Record<string, unknown>>): {
  origin?: string;
  problems: readonly Problem[];
} {
  // What is no text is the schema's to refuse.
  if (typeof written !== "string") return { problems: [] };
  const refused = (got: string): { problems: Problem[] } => ({
    problems: [{ path: "leader.url", expected: URL_FORM, got }],
  });
  if (!URL.canParse(written)) return refused(describeValue("secret", written));
  const url = new URL(written);
  const shown = quoted(`${url.protocol}//${url.host}`);
  if (url.username || url.password || url.search || url.hash || url.pathname !== "/") {
    return refused(`${shown} with more than scheme, host and port`);
  }
  const isSafe =
    url.protocol === "https:" || (url.protocol === "http:" && (allowHttp === true || isNear(url.hostname)));
  return isSafe ? { origin: url.origin, problems: [] } : refused(shown);
}

function findKey(
  { key, keyFile }: Readonly<Record<string, unknown>>,
  readFile: ReadFile,
): { key?: string; problems: readonly Problem[]; warnings: readonly string[] } {
  const refuse = (problem: Problem): { problems: Problem[]; warnings: string[] } => ({
    problems: [problem],
    warnings: [],
  });
  if ((key === undefined) === (keyFile === undefined)) {
    return refuse({ path: "leader", expected: "either key or keyFile", got: key === undefined ? "neither" : "both" });
  }
  const read =
    typeof keyFile === "string" ? readSecretFile(keyFile, "leader.keyFile", readFile) : { text: key, warnings: [] };
  if ("problem" in read) return refuse(read.problem);
  if (typeof read.text !== "string") return { problems: [], warnings: [] };
  if (KEY_PATTERN.test(read.text)) return { key: read.text, problems: [], warnings: read.warnings };
  const path = keyFile === undefined ? "leader.key" : "leader.keyFile";
  return refuse({ path, expected: KEY, got: describeValue("secret", read.text) });
}
