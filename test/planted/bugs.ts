// Bugs that somebody could write, each as an edit of the code as it stands, and the tests that must fail for it.

/** A change of one place. */
export interface Edit {
  readonly file: string;
  /** Text that stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** One planted bug. */
export interface PlantedBug {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Test files of which at least one test must fail. */
  readonly caughtBy: readonly string[];
}

const SCRIPTS = "packages/worker/src/store/scripts.ts";
const SCRIPT_PARTS = "packages/worker/src/store/script-parts.ts";

/** The list of docs: reliability, mutation rule. A harness that lets one of them pass proves nothing. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "no intent: a fetch whose end is not known leaves no trace",
    edits: [
      {
        file: SCRIPT_PARTS,
        find: "    'intent_generation', generation, 'intent_at', text(now))",
        replace: "    'last_outcome', 'begun')",
      },
    ],
    caughtBy: ["test/integration/shutdown.test.ts"],
  },
  {
    name: "no fence: an older result replaces a newer one",
    edits: [
      {
        file: SCRIPTS,
        find: "if generation < (whole(committed_generation) or 0) then",
        replace: "if false then",
      },
    ],
    caughtBy: ["test/scripts/commit.test.ts"],
  },
  {
    name: "no settling refresh after an unknown outcome",
    edits: [
      {
        file: "packages/worker/src/refresh/attempt.ts",
        find: 'recipe.rotation === "each_fetch" ? Math.round(durations.settle * (1 + random() * 0.5)) : 0',
        replace: "0",
      },
    ],
    caughtBy: ["test/integration/shutdown.test.ts"],
  },
  {
    name: "no second look at the facts with the lease in hand",
    edits: [
      {
        file: SCRIPTS,
        find: "if committed ~= tonumber(ARGV[3]) or (open or 0) ~= tonumber(ARGV[4]) then return {'changed'} end",
        replace: "",
      },
    ],
    caughtBy: ["test/scripts/begin.test.ts"],
  },
  {
    name: "a lease of 3 s around a deadline of 8 s",
    edits: [{ file: "packages/core/src/durations.ts", find: "lease: 15 * SECOND,", replace: "lease: 3 * SECOND," }],
    caughtBy: ["packages/core/src/durations.test.ts"],
  },
  {
    name: "readers serve from memory for 10 minutes",
    edits: [
      {
        file: "packages/shared/src/reader-times.ts",
        find: "const MAX_CACHE_MS = 30 * SECOND;",
        replace: "const MAX_CACHE_MS = 600 * SECOND;",
      },
    ],
    caughtBy: ["test/token-client.test.ts"],
  },
  {
    name: "readers keep validity on the wall clock",
    edits: [
      {
        file: "packages/shared/src/time.ts",
        find: "monotonic: () => performance.now(),",
        replace: "monotonic: () => Date.now(),",
      },
    ],
    caughtBy: ["packages/shared/src/time.test.ts"],
  },
  {
    name: "a commit in two commands: readers hear of a value that is not there yet",
    edits: [
      {
        file: SCRIPTS,
        find: "  return 'fenced'\nend\nlocal split = 8 + tonumber(ARGV[8])\nredis.call('DEL', record)\nredis.call('HSET', record, unpack(ARGV, 9, split))\n",
        replace: "  return 'fenced'\nend\nlocal split = 8 + tonumber(ARGV[8])\n",
      },
      {
        file: "packages/worker/src/store/redis-credential-store.ts",
        find: 'return reply === "already" || reply === "fenced" ? reply : "committed";',
        replace:
          'await redis.hset(recordKey(input.credential), ...record.map(String));\n      return reply === "already" || reply === "fenced" ? reply : "committed";',
      },
    ],
    caughtBy: ["test/scripts/commit.test.ts"],
  },
  {
    name: "schedulers are armed at the start only",
    edits: [
      {
        file: "packages/worker/src/runtime.ts",
        find: 'createTicker(durations.rearm, () => schedulers.arm().then(retire), onError("schedulers")),',
        replace: "",
      },
    ],
    caughtBy: ["test/integration/queue-damage.test.ts"],
  },
  {
    name: "errors are logged as they come",
    edits: [
      {
        file: "packages/core/src/log.ts",
        find: "(value instanceof Error ? errorFields(value) : value)",
        replace: "value",
      },
    ],
    caughtBy: ["packages/core/src/log.test.ts"],
  },
  {
    name: "a report counts whatever value it is about",
    edits: [{ file: SCRIPTS, find: "if fp ~= ARGV[1] then return 'stale' end", replace: "" }],
    caughtBy: ["test/scripts/report.test.ts"],
  },
  {
    name: "no cap on the fetches of a day",
    edits: [{ file: SCRIPT_PARTS, find: "if used >= tonumber(o.cap) then return nil end", replace: "" }],
    caughtBy: ["test/scripts/begin.test.ts"],
  },
];
