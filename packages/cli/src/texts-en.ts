/** The words of the command line in English. Words of states and outcomes are in `packages/ops/src/words.ts`. */
export const en = {
  usage: "Usage: tokenkeeper <command> [options]",
  about: "What people on call see and do, without a browser.",
  exitCodes:
    "Exit codes: 0 all is well; 1 something is wrong with what was asked about, or it failed; 64 the command is not understood; 69 Redis does not answer; 78 no Redis is named, or the configuration is refused; 130 Ctrl-C at a question.",
  whichRedis: "Redis: REDIS_URL, else the one that `start` runs in this folder or one above it.",
  moreHelp: "`tokenkeeper --help` and `tokenkeeper <command> --help` show what there is.",
  noCommand: "No command is given.",
  language: "Language of what is printed",
  json: "Print JSON",
  noRedis:
    "No Redis is named: set REDIS_URL, or run `npx -y pnpm start` and call the command in the same folder or below it.",
  badRedisUrl: "REDIS_URL is no URL that begins with redis:// or rediss://: correct it.",
  redisAway:
    "Redis does not answer, or refuses: check that it runs, REDIS_URL with its password, and the rights of its user.",
  notAudited: "Redis takes no audit entry, so nothing was done. Check its memory, disk and rights, then try again.",
  outputLost: (code: string) => `The output could not be written (${code}): it is not whole.`,
  bug: "The command ended for a reason of its own. Please report it:",
  wholeNumber: (option: string) => `${option} wants a whole number of 1 or more.`,
  unknownAccount: (account: string, nearest: string | undefined) =>
    `No worker keeps an account ${account}${nearest === undefined ? "." : `; did you mean ${nearest}?`}`,
  longText: (length: number) => `a text of ${length} characters`,
  listAccounts: "`tokenkeeper accounts` lists all.",
  unknownKind: (name: string, kinds: readonly string[]) =>
    `Account ${name} has no such credential; it has ${kinds.join(", ")}.`,
  noAccounts: "No worker has made an account known yet. Start a worker; it does so within seconds.",
  account: "Name or appid of an account",
  kind: "Kind of the credential",
  ago: (span: string) => `${span} ago`,
  in: (span: string) => `in ${span}`,
  now: "now",
  never: "never",
  none: "none",
  credential: "Credential",
  kindHead: "Kind",
  state: "State",
  lifeLeft: "Life left",
  last: "Last refresh",
  next: "Next",
  today: "Today",
  fetches: (used: number, cap: number) => `${used} of ${cap} fetches`,
  foreign: (times: number) => `foreign refresh × ${times}`,
  whatToDo: "What to do",
  empty: "No credential matches. Change the search or the filter.",
  commands: {
    status: "How every credential is, the worst first; ends with 1 when one is bad",
    accounts: "Which accounts the workers keep",
    failed: "The failed jobs: what went wrong and what to do; ends with 1 when there are some",
    get: "One credential: state, fingerprint, life left; its value only with --reveal",
    refresh: "Have a worker look at a credential at once, as a person who asks",
    rerun: "Re-run failed jobs: one fetch at most for each credential",
    doctor: "Look for what is wrong around the fleet, with a remedy for each finding; fetches no token",
    "alert-test": "Send a test message to every receiver of the file of alerts, TOKENKEEPER_ALERTS",
    "hash-password": "A password from the terminal or a pipe as a line for the dashboard's file of users",
    "hash-key": "A new key of the token HTTP API with its hash for the configuration",
    completion: "Print a script for bash, zsh or fish (by SHELL) that completes commands, options and accounts",
  },
  status: {
    filter: "Part of a name or appid",
    state: "Only credentials in this state",
    watch: "Go on looking, every 2 seconds, until Ctrl-C",
    shown: (shown: number, all: number) => (shown === all ? `${all} credentials` : `${shown} of ${all} credentials`),
  },
  accounts: { name: "Name", type: "Type", token: "Token", kinds: "Kinds" },
  failed: {
    none: "No job waits to be re-run.",
    account: "Only jobs of this account",
    most: "At most so many jobs, the newest first",
    shown: (shown: number, all: number) => `${shown} of ${all} failed jobs; --most shows more.`,
    job: "job",
  },
  get: {
    reveal: "Print the value, and nothing else, to standard output",
    revealAlone: "--reveal prints the value and nothing else: leave --json out.",
    fingerprint: "Fingerprint",
    version: "Version",
    expires: "Ends",
    noValue: (credential: string) => `Apps have no value of ${credential}.`,
    unreadable: "The Redis user of REDIS_URL may not read values: use that of a worker or of an app.",
  },
  refresh: {
    force:
      "Another value although the stored one is fresh. A stable token that apps hold dies at once: WeChat means it for a leaked one, 20 times a day, at least 30 s apart",
    wait: "Wait until it ended and say how",
    timeout: "Seconds to wait at most",
    asked: (credential: string, job: string) => `${credential}: asked for as job ${job}.`,
    ended: (credential: string, words: string) => `${credential}: ${words}.`,
    notEnded: (credential: string, seconds: number) =>
      `${credential}: not ended after ${seconds} s. Does a worker run? \`tokenkeeper doctor\` tells; the job goes on by itself.`,
    fingerprint: "fingerprint",
    unchanged: "WeChat returned the same value",
  },
  rerun: {
    job: "Id of one failed job",
    all: "The failed jobs of all credentials, but no reset of a quota",
    account: "The failed jobs of this account, but no reset of its quota",
    which: "Say which: the id of a job, --account <name>, or --all; one of them.",
    progress: "Re-running",
    reran: (jobs: number) => (jobs === 1 ? "1 failed job is re-run." : `${jobs} failed jobs are re-run.`),
    skipped: (jobs: number) => (jobs === 1 ? "1 was not failed any more." : `${jobs} were not failed any more.`),
    left: (jobs: number) =>
      jobs === 1
        ? "1 failed reset of a quota is left: re-run it by its id."
        : `${jobs} failed resets of a quota are left: re-run each by its id.`,
    nothing: "No job waits to be re-run.",
    notFailed: "There is no failed job of this id. `tokenkeeper failed` lists all.",
    where: "How they end: `tokenkeeper failed`, or the page.",
  },
  doctor: {
    progress: "Looking",
    summary: (problems: number, warnings: number, checks: number) =>
      problems + warnings === 0
        ? `All is well: ${checks} checks.`
        : `Problems: ${problems}. Warnings: ${warnings}. Checks: ${checks}.`,
  },
  alertTest: {
    noFile: "TOKENKEEPER_ALERTS names no file of alerts. Set it as for worker and dashboard: docs/alerts.md.",
    delivered: (receiver: string) => `${receiver}: delivered`,
    refused: (receiver: string, why: string) => `${receiver}: not delivered · ${why}`,
  },
  hashKey: {
    stdin: "Hash the key that is piped in instead of making one",
    refused: "A key has 43 letters, digits, - and _. Pipe one in, or make one without --stdin. Nothing was hashed.",
    argument: "The key is never taken from the command line, where others see it. Pipe it in with --stdin.",
  },
};
