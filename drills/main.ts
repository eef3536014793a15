// pnpm drill [name] [account]
import { ConfigError, EXIT } from "@tokenkeeper/core";
import { DRILLS } from "./all-drills.ts";
import { conductDrill } from "./conduct-drill.ts";
import { NoGroundError } from "./ground.ts";
import { both } from "./run-drill.ts";
import { findRunningSystem } from "./running-system.ts";

async function main(): Promise<number> {
  const { env } = process;
  const [name, wanted] = process.argv.slice(2);
  const drill = DRILLS.find((each) => each.name === name);
  if (!drill) {
    console.error(`${name === undefined ? "" : `There is no drill "${name}". `}npx -y pnpm drill <name> [account]`);
    for (const each of DRILLS) console.error(`  ${each.name.padEnd(18)} ${both(each.title)}`);
    return EXIT.configuration;
  }
  const breaking = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => breaking.abort());
  const say = (line: string): void => console.log(line);
  const { passed } = await conductDrill(drill, findRunningSystem(env), { wanted, env, say, signal: breaking.signal });
  return passed ? EXIT.ok : EXIT.failure;
}

/** Our own errors say what to do. */
function explain(error: unknown): number {
  const ours = error instanceof NoGroundError || error instanceof ConfigError;
  console.error(ours ? error.message : `The drill broke off: ${error instanceof Error ? error.name : "error"}.`);
  return ours ? EXIT.configuration : EXIT.failure;
}

process.exit(await main().catch(explain));
