// Prometheus' own tool for checking and running alert rules.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { findApt } from "../../packages/launcher/src/apt.ts";
import { findOnPath } from "../../packages/launcher/src/executable.ts";

const PACKAGE = "prometheus";
const CACHE = join(import.meta.dirname, "../../.tokenkeeper/cache");

/** Path of promtool: the PATH, or unpacked from Debian's package, which is not installed: it would start a service. */
export async function findPromtool(): Promise<string | undefined> {
  const root = join(CACHE, PACKAGE);
  const unpacked = { PATH: join(root, "usr", "bin") };
  const present = (await findOnPath(["promtool"], process.env)) ?? (await findOnPath(["promtool"], unpacked));
  if (present !== undefined) return present;
  const apt = await findApt(process.env);
  await mkdir(CACHE, { recursive: true, mode: 0o700 });
  if (apt === undefined || !(await apt.unpack([PACKAGE], root))) return undefined;
  // The server and what its pages need are of no use here, and large.
  for (const part of ["usr/bin/prometheus", "usr/share"]) await rm(join(root, part), { recursive: true, force: true });
  return findOnPath(["promtool"], unpacked);
}
