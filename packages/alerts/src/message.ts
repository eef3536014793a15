import { wordOf } from "@tokenkeeper/ops";
import { HOUR, MINUTE, SECOND } from "@tokenkeeper/shared/contract";
import type { AlertEntry, AlertJob } from "./alert-job.ts";
import type { Subject } from "./incident.ts";
import type { Rule, Severity } from "./rules.ts";
import { explain, MESSAGE_WORDS, RULE_WORDS, SEVERITY_WORDS, type Explanation, type Language } from "./words.ts";

/** A message before it has the form of a receiver. Texts are plain: a form escapes them. */
export interface Message {
  /** The same for every try of the same message, so that a receiver can tell that it has it. */
  readonly id: string;
  readonly kind: Severity | "recovered" | "test";
  readonly title: string;
  readonly lines: readonly { readonly label: string; readonly text: string }[];
  /** One text each, in a message about several credentials. */
  readonly items: readonly string[];
  readonly link?: { readonly text: string; readonly url: string };
  /** What a program needs. */
  readonly data: {
    readonly rule?: Rule;
    readonly severity?: Severity;
    /** Epoch ms. */
    readonly at: number;
    readonly count: number;
    readonly incidents: readonly MessageIncident[];
  };
}

/** One incident for a program. Instants are epoch ms. */
export interface MessageIncident {
  readonly account?: string;
  readonly name?: string;
  readonly kind?: string;
  readonly since: number;
  readonly endedAt?: number;
  readonly code?: string;
  readonly ip?: string;
  readonly sentence: string;
  readonly remedy?: string;
  readonly url?: string;
}

/** How a message is written. */
export interface MessageStyle {
  readonly language: Language;
  /** Of the instants in it. */
  readonly timeZone: string;
  /** Without a slash at its end. */
  readonly publicUrl?: string | undefined;
}

/** What is read by people of an incident that began or ended, or of several of one rule. Pure. */
export function messageOf(id: string, job: AlertJob, style: MessageStyle): Message {
  const { language } = style;
  const { rule, severity, transition, at, count, incidents } = job;
  const kind = transition === "recovered" ? "recovered" : severity;
  const told = incidents.map((entry) => ({ entry, explanation: explain(rule, entry.facts, entry.subject) }));
  const [first] = told;
  const url = urlOf(count === 1 ? first?.entry.subject : undefined, job, style);
  const what = count === 1 ? subjectText(first?.entry.subject) : countText(count, language);
  return {
    id,
    kind,
    title: [`${SEVERITY_WORDS[kind][language]}: ${RULE_WORDS[rule][language]}`, what].filter(Boolean).join(" · "),
    lines: first ? linesOf(first.entry, first.explanation, { kind, count, style }) : [],
    items: count === 1 ? [] : [...incidents.map((entry) => itemOf(entry, style)), ...more(count, incidents.length)],
    ...(url !== undefined && { link: { text: MESSAGE_WORDS.open[language], url } }),
    data: {
      rule,
      severity,
      at,
      count,
      incidents: told.map(({ entry, explanation }) => incidentOf(entry, explanation, { job, style })),
    },
  };
}

/** A message that says that the way to a receiver works. */
export function testMessage(id: string, at: number, { language, publicUrl }: MessageStyle): Message {
  return {
    id,
    kind: "test",
    title: `${SEVERITY_WORDS.test[language]}: Tokenkeeper`,
    lines: [{ label: MESSAGE_WORDS.what[language], text: MESSAGE_WORDS.test[language] }],
    items: [],
    ...(publicUrl !== undefined && { link: { text: MESSAGE_WORDS.open[language], url: `${publicUrl}/fleet` } }),
    data: { at, count: 0, incidents: [] },
  };
}

function linesOf(
  entry: AlertEntry,
  { sentence, remedy }: Explanation,
  { kind, count, style }: { kind: Message["kind"]; count: number; style: MessageStyle },
): Message["lines"] {
  const { subject, since, endedAt, gone, facts } = entry;
  const { language } = style;
  const words = MESSAGE_WORDS;
  const ended = kind === "recovered";
  const code = [facts.code, facts.ip && `ip ${facts.ip}`, facts.rid && `rid ${facts.rid}`].filter(Boolean).join(" · ");
  const own: readonly (readonly [string, string | undefined])[] = [
    [words.credential[language], subject && `${subject.name} (${subject.account}) · ${subject.kind}`],
    [words.since[language], instant(since, style)],
    [words.lasted[language], ended ? span((endedAt ?? since) - since, language) : undefined],
    [words.ends[language], ended || facts.endsAt === undefined ? undefined : instant(facts.endsAt, style)],
    [words.goesOn[language], ended || facts.until === undefined ? undefined : instant(facts.until, style)],
    [words.facts[language], ended ? undefined : code],
  ];
  // Of several, the sentence of the first stands for all: they are one rule's, and mostly of one cause.
  const said: readonly (readonly [string, string | undefined])[] = [
    [words.what[language], ended ? gone && words.gone[language] : sentence[language]],
    [words.remedy[language], ended ? undefined : remedy?.[language]],
  ];
  const lines = [...(count === 1 ? own : []), ...said];
  return lines.flatMap(([label, text]) => (text ? [{ label, text }] : []));
}

function itemOf({ subject, since, endedAt, facts }: AlertEntry, style: MessageStyle): string {
  const time = endedAt === undefined ? instant(since, style) : span(endedAt - since, style.language);
  const code = facts.code === undefined ? "" : wordOf(facts.code, style.language);
  return [subjectText(subject), endedAt === undefined && code, time].filter(Boolean).join(" · ");
}

function more(count: number, shown: number): string[] {
  return count > shown ? [`+ ${count - shown}`] : [];
}

function incidentOf(
  { subject, since, endedAt, facts }: AlertEntry,
  { sentence, remedy }: Explanation,
  { job, style }: { job: AlertJob; style: MessageStyle },
): MessageIncident {
  const url = urlOf(subject, job, style);
  return {
    ...subject,
    since,
    ...(endedAt !== undefined && { endedAt }),
    ...(facts.code !== undefined && { code: facts.code }),
    ...(facts.ip !== undefined && { ip: facts.ip }),
    sentence: sentence[style.language],
    ...(remedy && { remedy: remedy[style.language] }),
    ...(url !== undefined && { url }),
  };
}

function urlOf(subject: Subject | undefined, { incidents }: AlertJob, { publicUrl }: MessageStyle): string | undefined {
  if (publicUrl === undefined) return undefined;
  if (subject) return `${publicUrl}/credentials/${encodeURIComponent(subject.account)}/${subject.kind}`;
  return `${publicUrl}/${incidents.some((entry) => entry.subject) ? "" : "fleet"}`;
}

function subjectText(subject: Subject | undefined): string {
  return subject ? `${subject.name} · ${subject.kind}` : "";
}

function countText(count: number, language: Language): string {
  return language === "zh" ? `${count} 个凭证` : `${count} credentials`;
}

/** `2026-11-24 18:03:07 (GMT+8)` */
function instant(at: number, { timeZone }: MessageStyle): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "shortOffset",
  }).formatToParts(at);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? "";
  const day = `${part("year")}-${part("month")}-${part("day")}`;
  return `${day} ${part("hour")}:${part("minute")}:${part("second")} (${part("timeZoneName")})`;
}

const UNITS = [
  [24 * HOUR, "d", "天"],
  [HOUR, "h", "小时"],
  [MINUTE, "min", "分钟"],
  [SECOND, "s", "秒"],
] as const;

/** `1 h 5 min`: the two greatest units. */
function span(ms: number, language: Language): string {
  let rest = Math.max(SECOND, ms);
  const parts = UNITS.map(([size, en, zh]) => {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return { amount, text: `${amount} ${language === "zh" ? zh : en}` };
  });
  const from = parts.findIndex(({ amount }) => amount > 0);
  const shown = parts.slice(from, from + 2).filter(({ amount }) => amount > 0);
  return shown.map(({ text }) => text).join(" ");
}
