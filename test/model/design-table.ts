// Measures the designs and writes docs/design-table.md: `node test/model/design-table.ts [app-days per cell]`, then `pnpm format`.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { measure, MIXES, type Measured } from "./comparison.ts";
import { documentOf } from "./design-document.ts";
import { DESIGNS } from "./designs.ts";

const ACCOUNTS = 10;
const SEED = 20_260_105;

const days = Math.max(1, Math.round(Number(process.argv[2] ?? 40) / ACCOUNTS));
const rows: Measured[][] = [];
for (const design of DESIGNS) {
  const row: Measured[] = [];
  for (const mix of MIXES) {
    row.push(await measure(design, mix, { accounts: ACCOUNTS, days, seed: SEED }));
    console.log(JSON.stringify(row.at(-1)));
  }
  rows.push(row);
}
await writeFile(
  join(import.meta.dirname, "../../docs/design-table.md"),
  documentOf(rows, { appDays: ACCOUNTS * days, seed: SEED }),
);
