// The Kubernetes manifests of deploy/, and whether Kubernetes would take them.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Deployment, StatefulSet } from "kubernetes-models/apps/v1";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { ConfigMap, Namespace, Secret, Service, ServiceAccount, type IContainer } from "kubernetes-models/v1";
import type { IPodTemplateSpec } from "kubernetes-models/v1";
import { parse, parseAllDocuments } from "yaml";

const ROOT = join(import.meta.dirname, "../..");

/** One object of a manifest. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
}

/** What a Deployment or StatefulSet says of its pods, as far as the tests look. */
export interface Workload extends Manifest {
  readonly spec: {
    readonly replicas: number;
    readonly strategy?: object;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: IPodTemplateSpec;
  };
}

const MODELS = {
  Deployment,
  StatefulSet,
  NetworkPolicy,
  PodDisruptionBudget,
  ConfigMap,
  Namespace,
  Secret,
  Service,
  ServiceAccount,
} as const;

/** The objects of the files of a folder below the project's root, in the order of the files. */
export async function readManifests(folder: string, files: readonly string[]): Promise<Manifest[]> {
  const texts = await Promise.all(files.map((file) => readFile(join(ROOT, folder, file), "utf8")));
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Manifest));
}

/** The files that a kustomization takes. */
export async function resourcesOf(folder: string): Promise<string[]> {
  const text = await readFile(join(ROOT, folder, "kustomization.yaml"), "utf8");
  return (parse(text) as { resources: string[] }).resources;
}

/** What Kubernetes' own schemas say against an object; nothing when they accept it. Fields that they do not know pass. */
export function faultsOf(manifest: Manifest): string[] {
  const Model = MODELS[manifest.kind as keyof typeof MODELS];
  if (Model === undefined || Model.apiVersion !== manifest.apiVersion) {
    return [`no ${manifest.kind} in ${manifest.apiVersion}`];
  }
  try {
    new Model(manifest as never).validate();
    return [];
  } catch (error) {
    return [`${manifest.kind} ${manifest.metadata.name}: ${error instanceof Error ? error.message : "?"}`];
  }
}

/**
 * Fields that Kubernetes does not know: a misspelt one is left out there without a word.
 * The types of the API are asked, all objects in one run of the compiler.
 */
export async function unknownFields(manifests: readonly Manifest[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "tokenkeeper-manifests-"));
  try {
    const packages = await realpath(join(ROOT, "test/node_modules/kubernetes-models"));
    await symlink(join(packages, ".."), join(folder, "node_modules"));
    const lines = manifests.map(({ apiVersion, kind, ...rest }, index) => {
      const type = `import("kubernetes-models/${apiVersion}").I${kind}`;
      return `export const m${index}: ${type} = ${JSON.stringify({ apiVersion, kind, ...rest })};`;
    });
    await writeFile(join(folder, "manifests.ts"), lines.join("\n"));
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"];
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, ...options, "manifests.ts"], {
      cwd: folder,
    }).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? "the compiler did not run" }));
    return stdout.split("\n").filter((line) => line !== "");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The only container of a workload. */
export function containerOf({ metadata, spec }: Workload): IContainer {
  const [container, ...others] = spec.template.spec?.containers ?? [];
  if (!container || others.length > 0) throw new Error(`${metadata.name} has not exactly one container`);
  return container;
}
