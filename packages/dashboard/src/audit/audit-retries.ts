import type { Audit, AuditResult } from "@tokenkeeper/ops";
import type { RequestHandler, Response } from "express";
import { signedInUser } from "../signed-in-user.ts";

const RETRY_ONE = /\/([^/]+)\/([^/]+)\/retry$/;
const RETRY_ALL = /\/([^/]+)\/retry\/failed$/;

/** What auditing retries needs. */
export interface AuditRetriesDeps {
  readonly audit: Pick<Audit, "act">;
  /** The name of a job of a queue, which says of what credential it is. */
  readonly jobName: (queue: string, id: string) => Promise<string | undefined>;
}

/** Audits what the gate lets people do on Bull Board: retrying one failed job, or all of them. */
export function auditRetries({ audit, jobName }: AuditRetriesDeps): RequestHandler {
  return async (request, response, next) => {
    if (request.method !== "PUT") {
      next();
      return;
    }
    const [, queue = "", encoded] = RETRY_ONE.exec(request.path) ?? RETRY_ALL.exec(request.path) ?? [];
    const act =
      encoded === undefined
        ? ({ action: "retry_failed", target: queue } as const)
        : await retryOf(queue, decodeURIComponent(encoded));
    await audit.act({ ...act, user: signedInUser(response) }, () => answered(response, next), resultOf);
  };

  async function retryOf(queue: string, id: string): Promise<{ action: "retry_job"; target: string }> {
    const name = await jobName(queue, id);
    return { action: "retry_job", target: name === undefined ? id : `${name} · ${id}` };
  }
}

/** Lets the route answer. @returns the status of its answer; `undefined` when the connection ended before. */
function answered(response: Response, next: () => void): Promise<number | undefined> {
  return new Promise((resolve) => {
    response.once("close", () => resolve(response.writableFinished ? response.statusCode : undefined));
    next();
  });
}

function resultOf(status: number | undefined): AuditResult {
  if (status === undefined) return "unknown";
  if (status < 400) return "done";
  return status === 403 ? "refused" : "failed";
}
