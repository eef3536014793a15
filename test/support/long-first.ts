import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take longest. */
const LONG = [
  "test/integration/freshness.test.ts",
  "test/start.test.ts",
  "test/integration/follower.test.ts",
  "test/api/wechat-paths.test.ts",
  "test/integration/rerun.test.ts",
  "test/package/package.test.ts",
  "test/dashboard/login.test.ts",
  "test/model/model.test.ts",
  "test/drills.test.ts",
  "test/browser/",
];

/** Begins with the long ones: one of them that begins last would be waited for alone. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((path) => moduleId.includes(path));
      return at < 0 ? LONG.length : at;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's, not an array's
    const asBefore = await super.sort(files);
    return asBefore.toSorted((one, other) => rank(one) - rank(other));
  }
}
