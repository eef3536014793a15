import {
  describeValue,
  parseYaml,
  problemsOf,
  readSecretFile,
  resolveReferences,
  secretOf,
  type Environment,
  type Problem,
  type ReadFile,
  type Secret,
} from "@tokenkeeper/core";
import type { QuietHours } from "./quiet-hours.ts";
import { RECEIVER_TYPES, type Receiver, type ReceiverType } from "./receiver.ts";
import { receiverUrl } from "./receiver-url.ts";
import { RULE_NAMES, RULES, THRESHOLDS, type Rule, type RuleSettings, type Thresholds } from "./rules.ts";
import { alertsFileSchema, knownAlertKeysAt, type WrittenAlerts } from "./settings-schema.ts";

/** What the file of alerts says; durations in ms of real time. */
export interface AlertSettings {
  readonly receivers: readonly Receiver[];
  readonly quietHours?: QuietHours;
  readonly rules: Readonly<Record<Rule, RuleSettings>>;
  readonly thresholds: Thresholds;
  /** Sentences about what is accepted but should be looked at. */
  readonly warnings: readonly string[];
}

/** Where the file's references lead. */
export interface AlertsFileContext {
  readonly env: Environment;
  readonly readFile: ReadFile;
}

const VARIABLE = "TOKENKEEPER_ALERTS";

/** The settings of a file, or everything that is wrong in it. */
export function parseAlertsFile(
  bytes: Uint8Array,
  { env, readFile }: AlertsFileContext,
): AlertSettings | { problems: Problem[] } {
  const written = parseYaml(bytes, "receivers");
  if ("problem" in written) return { problems: [{ ...written.problem, path: VARIABLE }] };
  const { value: input, problems: unresolved } = resolveReferences(written.value, env);
  const parsed = alertsFileSchema.safeParse(input, { error: () => "another value" });
  const mappings = mappingsIn(input);
  const targets = mappings.map((each) => targetOf(each, readFile));
  const explained = new Set(unresolved.map(({ path }) => path));
  const others = [
    ...problemsOf(parsed.error?.issues ?? [], input, knownAlertKeysAt),
    ...targets.flatMap(({ problems }) => problems),
    ...duplicates(mappings),
  ];
  const problems = [...unresolved, ...others.filter(({ path }) => !explained.has(path))];
  if (!parsed.success || problems.length > 0) {
    return { problems: problems.map((problem) => ({ ...problem, path: placeOf(problem.path) })) };
  }
  const { quietHours } = parsed.data;
  return {
    receivers: parsed.data.receivers.flatMap((receiver, index) => {
      const { url, secret } = targets[index] ?? {};
      return url ? [toReceiver(receiver, { language: parsed.data.language, url, secret })] : [];
    }),
    ...(quietHours && { quietHours }),
    rules: rulesOf(parsed.data.rules ?? {}),
    thresholds: thresholdsOf(parsed.data.rules ?? {}),
    warnings: targets.flatMap(({ warnings }) => warnings),
  };
}

function placeOf(path: string): string {
  return path === "the file" ? VARIABLE : `${VARIABLE} ${path}`;
}

interface ReceiverMapping {
  readonly path: string;
  readonly mapping: Readonly<Record<string, unknown>>;
}

/** The receivers as written, whatever they hold, so that one that is wrong hides no fault of another. */
function mappingsIn(input: unknown): ReceiverMapping[] {
  const list = typeof input === "object" && input !== null && "receivers" in input ? input.receivers : undefined;
  if (!Array.isArray(list)) return [];
  return list.map((item: unknown, index) => ({
    path: `receivers[${index}]`,
    mapping: (typeof item === "object" && item !== null ? item : {}) as Readonly<Record<string, unknown>>,
  }));
}

interface Target {
  readonly url?: Secret;
  readonly secret?: Secret | undefined;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** Where a receiver's messages go and with what they are signed: both may stand in files of their own. */
function targetOf({ path, mapping }: ReceiverMapping, readFile: ReadFile): Target {
  const type = RECEIVER_TYPES.find((each) => each === mapping["type"]);
  const url = fieldOf(mapping, { name: "url", path, readFile });
  const secret = fieldOf(mapping, { name: "secret", path, readFile });
  const where = type && url.text !== undefined ? receiverUrl(type, { text: url.text, path: url.path }) : undefined;
  const problems = [
    ...url.problems,
    ...secret.problems,
    ...(mapping["url"] === undefined && mapping["urlFile"] === undefined
      ? [{ path, expected: "either url or urlFile", got: "neither" }]
      : []),
    ...(where && "problem" in where ? [where.problem] : []),
    ...secretProblems(type, secret),
  ];
  return {
    ...(where && "url" in where && { url: secretOf(where.url) }),
    ...(secret.text !== undefined && { secret: secretOf(secret.text) }),
    problems,
    warnings: [...url.warnings, ...secret.warnings],
  };
}

interface Field {
  readonly text?: string;
  readonly path: string;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** A text that stands in the file under `name`, or in the file that `nameFile` names. What is no text is the schema's to refuse. */
function fieldOf(
  mapping: ReceiverMapping["mapping"],
  { name, path, readFile }: { name: "url" | "secret"; path: string; readFile: ReadFile },
): Field {
  const [direct, file] = [mapping[name], mapping[`${name}File`]];
  const place = `${path}.${file === undefined ? name : `${name}File`}`;
  if (direct !== undefined && file !== undefined) {
    const problem = { path, expected: `either ${name} or ${name}File`, got: "both" };
    return { path: place, problems: [problem], warnings: [] };
  }
  if (typeof file !== "string") {
    return { ...(typeof direct === "string" && { text: direct }), path: place, problems: [], warnings: [] };
  }
  const read = readSecretFile(file, place, readFile);
  return "problem" in read
    ? { path: place, problems: [read.problem], warnings: [] }
    : { text: read.text, path: place, problems: [], warnings: read.warnings };
}

/** WeCom's robots have no signing. */
function secretProblems(type: ReceiverType | undefined, { text, path }: Field): Problem[] {
  if (text === undefined || type === undefined) return [];
  if (type === "wecom") return [{ path, expected: "nothing: robots of wecom do not sign", got: "a secret" }];
  const fits = text.length >= 8 && text.length <= 256 && /^[!-~]+$/.test(text);
  return fits ? [] : [{ path, expected: "a secret of 8 to 256 characters", got: describeValue("secret", text) }];
}

/** Names tell receivers apart, in jobs and on pages. */
function duplicates(mappings: readonly ReceiverMapping[]): Problem[] {
  const owners = new Map<unknown, string>();
  return mappings.flatMap(({ path, mapping: { name } }): Problem[] => {
    const owner = owners.get(name);
    owners.set(name, owner ?? path);
    if (owner === undefined || typeof name !== "string") return [];
    return [{ path: `${path}.name`, expected: "a name that no other receiver has", got: `that of ${owner}` }];
  });
}

function toReceiver(
  { name, type, severities, accounts, rules, language }: WrittenAlerts["receivers"][number],
  common: { language: Receiver["language"]; url: Secret; secret: Secret | undefined },
): Receiver {
  return {
    name,
    type,
    url: common.url,
    language: language ?? common.language,
    severities,
    ...(common.secret && { secret: common.secret }),
    ...(accounts && { accounts }),
    ...(rules && { rules }),
  };
}

type WrittenRules = NonNullable<WrittenAlerts["rules"]>;

function rulesOf(written: WrittenRules): AlertSettings["rules"] {
  const entries = RULE_NAMES.map((rule): [Rule, RuleSettings] => {
    const { severity = RULES[rule].severity, for: forMs = RULES[rule].for, off = false } = written[rule] ?? {};
    return [rule, { severity, for: forMs, off }];
  });
  return Object.fromEntries(entries) as Record<Rule, RuleSettings>;
}

function thresholdsOf(written: WrittenRules): Thresholds {
  return {
    ...THRESHOLDS,
    quotaShare: written.QuotaHigh?.share ?? THRESHOLDS.quotaShare,
    memoryShare: written.RedisRisk?.share ?? THRESHOLDS.memoryShare,
  };
}
