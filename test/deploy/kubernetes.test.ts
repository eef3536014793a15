// deploy/kubernetes and deploy/redis: Kubernetes takes them, pods have no rights they do not need, and all names agree.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { createDurations, loadWorkerConfig, SETTINGS } from "@tokenkeeper/core";
import { parse } from "yaml";
import { findOnPath } from "../../packages/launcher/src/executable.ts";
import { readStages } from "../support/dockerfile.ts";
import {
  containerOf,
  faultsOf,
  readManifests,
  resourcesOf,
  unknownFields,
  type Manifest,
  type Workload,
} from "./manifests.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDERS = ["deploy/kubernetes", "deploy/redis"];
const APPS = ["tokenkeeper-worker", "tokenkeeper-dashboard"];
const SECRET_VALUES = {
  SHOP_SECRET: "0123456789abcdef0123456789abcdef",
  MINI_SECRET: "fedcba9876543210fedcba9876543210",
};

let ours: Manifest[];
let all: Manifest[];
let secrets: Manifest[];
beforeAll(async () => {
  const [manifests = [], redis = []] = await Promise.all(
    FOLDERS.map(async (folder) => readManifests(folder, await resourcesOf(folder))),
  );
  ours = manifests;
  secrets = await readManifests("deploy/kubernetes", ["secrets.example.yaml"]);
  all = [...ours, ...redis, ...secrets];
});

function named(kind: string, name: string): Manifest {
  const found = all.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found;
}

const deploymentOf = (app: string): Workload => named("Deployment", app) as Workload;

/** Everything that runs pods. */
function workloads(): Workload[] {
  return all.filter((manifest) => ["Deployment", "StatefulSet"].includes(manifest.kind)) as Workload[];
}

describe("the manifests", () => {
  it("are what Kubernetes' schemas accept, in fields and values", async () => {
    expect(all.flatMap(faultsOf)).toEqual([]);
    expect(await unknownFields(all)).toEqual([]);
  });

  it("would not be, with a misspelt field or a value of another type", async () => {
    const worker = structuredClone(deploymentOf("tokenkeeper-worker"));
    Object.assign(containerOf(worker), { livenessProb: {} });
    expect(await unknownFields([worker])).toEqual([expect.stringContaining("livenessProb")]);

    Object.assign(worker.spec, { replicas: "two" });
    expect(faultsOf(worker)).toEqual([expect.stringContaining("replicas must be integer")]);
  });

  it("are what kustomize makes one whole of, with the images of this version", async (context) => {
    const kubectl = await findOnPath(["kubectl"], process.env);
    if (kubectl === undefined) return context.skip("no kubectl here");

    const { stdout } = await promisify(execFile)(kubectl, ["kustomize", join(ROOT, "deploy/kubernetes")]);

    for (const part of ["worker", "dashboard"]) {
      expect(stdout).toMatch(new RegExp(`image: registry\\.example\\.com/tokenkeeper/${part}:\\d`));
    }
    expect(stdout.match(/^kind: /gm)).toHaveLength(ours.length);
  });

  it("name the images' version as the packages do", async () => {
    const { images } = parse(await readFile(join(ROOT, "deploy/kubernetes/kustomization.yaml"), "utf8")) as {
      images: { name: string; newTag: string }[];
    };
    const { version } = JSON.parse(await readFile(join(ROOT, "packages/worker/package.json"), "utf8")) as {
      version: string;
    };

    expect(images.map(({ name, newTag }) => [name, newTag])).toEqual(APPS.map((app) => [app, version]));
  });

  it("run no pod as root, with a root folder to write to, or with any other right", () => {
    expect(workloads().map(({ metadata }) => metadata.name)).toEqual([...APPS, "tokenkeeper-redis"]);
    for (const workload of workloads()) {
      const pod = workload.spec.template.spec;
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      expect(pod?.securityContext?.runAsUser).toBeGreaterThan(0);
      const container = containerOf(workload);
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect(container.resources?.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
      expect(container.resources?.limits).toEqual({ memory: "512Mi" });
      for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"] as const) {
        expect(container[probe]).toBeDefined();
      }
      expect(workload.spec.template.metadata?.labels).toMatchObject(workload.spec.selector.matchLabels);
    }
    expect(named("Namespace", "tokenkeeper").metadata).toMatchObject({
      labels: { "pod-security.kubernetes.io/enforce": "restricted" },
    });
    for (const app of APPS) {
      expect(named("ServiceAccount", app)).toMatchObject({ automountServiceAccountToken: false });
    }
  });

  it("run at least two workers, on machines of their own if there are any, of which a drain leaves one", () => {
    const { spec } = deploymentOf("tokenkeeper-worker");

    expect(spec.replicas).toBeGreaterThanOrEqual(2);
    expect(spec.template.spec?.topologySpreadConstraints?.map(({ topologyKey }) => topologyKey)).toEqual([
      "kubernetes.io/hostname",
      "topology.kubernetes.io/zone",
    ]);
    expect(named("PodDisruptionBudget", "tokenkeeper-worker")).toMatchObject({
      spec: { minAvailable: 1, selector: spec.selector },
    });
  });

  it.each(APPS)("replace %s by one that is ready, and give the old one time to end", async (app) => {
    const deployment = deploymentOf(app);
    const pod = deployment.spec.template.spec;
    const [, waits = "0"] = containerOf(deployment).lifecycle?.preStop?.exec?.command ?? [];

    expect(deployment.spec.strategy).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
    const end = ((pod?.terminationGracePeriodSeconds ?? 0) - Number(waits)) * 1_000;
    expect(end).toBeGreaterThan(createDurations(1).shutdown);
    const { user } = {
      user: (await readStages(ROOT, {})).at(-1)?.instructions.find(({ word }) => word === "USER")?.rest,
    };
    // The user `node` of Node's images.
    expect([user, pod?.securityContext?.runAsUser]).toEqual(["node", 1000]);
  });

  it.each([
    { app: "tokenkeeper-worker", port: "health", number: 3011, setting: "WORKER_HEALTH", others: [] },
    { app: "tokenkeeper-dashboard", port: "metrics", number: 3014, setting: "DASHBOARD_METRICS", others: ["http"] },
  ])("ask $app for its health and its metrics where it listens", ({ app, port, number, setting, others }) => {
    const deployment = deploymentOf(app);
    const container = containerOf(deployment);
    const env = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));

    expect(container.startupProbe?.httpGet).toEqual({ path: "/livez", port });
    expect(container.livenessProbe?.httpGet).toEqual({ path: "/livez", port });
    expect(container.readinessProbe?.httpGet).toEqual({ path: "/readyz", port });
    expect(container.ports).toContainEqual({ name: port, containerPort: number });
    expect(env).toMatchObject({ [`${setting}_HOST`]: "0.0.0.0", [`${setting}_PORT`]: String(number) });
    expect(deployment.spec.template.metadata?.annotations).toEqual({
      "prometheus.io/scrape": "true",
      "prometheus.io/port": String(number),
      "prometheus.io/path": "/metrics",
    });
    const ports = (container.ports ?? []).map(({ name = "", containerPort }) => ({
      name,
      port: containerPort,
      targetPort: name,
    }));
    expect(ports.map(({ name }) => name)).toEqual([...others, port]);
    expect(named("Service", app)).toMatchObject({ spec: { selector: deployment.spec.selector.matchLabels, ports } });
    // What may reach it: exactly the ports that it has.
    const policy = named("NetworkPolicy", app).spec as { ingress: { ports: { port: string }[] }[] };
    expect(policy.ingress.flatMap((rule) => rule.ports.map((allowed) => allowed.port))).toEqual([...others, port]);
  });

  it("let nobody in or out but by a rule", () => {
    expect(named("NetworkPolicy", "default-deny").spec).toEqual({
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
    });
  });

  it("set only settings that there are", async () => {
    const names = workloads().flatMap((workload) => (containerOf(workload).env ?? []).map(({ name }) => name));

    expect(names.filter((name) => !(name in SETTINGS) && name !== "NODE_OPTIONS")).toEqual([]);
  });

  it("bring a configuration that the worker accepts with the keys of its Secret, and none of the dashboard's", async () => {
    const { data } = named("ConfigMap", "tokenkeeper") as Manifest & { data: Record<string, string> };
    const keys = Object.fromEntries(
      (secrets as (Manifest & { stringData: Record<string, string> })[]).map(({ metadata, stringData }) => [
        metadata.name,
        stringData,
      ]),
    );
    const { SHOP_SECRET, MINI_SECRET, ...rest } = keys["tokenkeeper-worker"] ?? {};
    expect([SHOP_SECRET, MINI_SECRET]).toEqual(["SHOP_SECRET", "MINI_SECRET"]);

    const env = { ...rest, ...SECRET_VALUES };
    const bytes = new TextEncoder().encode(data["tokenkeeper.yaml"]);
    const config = loadWorkerConfig(env, () => ({ bytes, mode: 0o444 }));

    expect(config.accounts.map(({ name }) => name)).toEqual(["shop", "mini"]);
    expect(config.warnings).toEqual([]);
    expect(Object.keys(keys["tokenkeeper-dashboard"] ?? {})).toEqual(["REDIS_URL", "DASHBOARD_PASSWORD"]);
    for (const app of APPS) {
      expect(containerOf(deploymentOf(app)).envFrom).toEqual([
        { secretRef: { name: app } },
        { secretRef: { name: "tokenkeeper-alerts", optional: true } },
      ]);
    }
  });

  it("keep what is filled in out of the repository", async () => {
    const ignored = (await readFile(join(ROOT, ".gitignore"), "utf8")).split("\n");

    expect(ignored).toEqual(expect.arrayContaining(["deploy/kubernetes/secrets.yaml", "deploy/redis/users.acl"]));
  });
});
