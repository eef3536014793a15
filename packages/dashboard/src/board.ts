import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import type { BeforeHook, UIConfig } from "@bull-board/api/typings/app";
import { ExpressAdapter } from "@bull-board/express";
import type { Log } from "@tokenkeeper/core";
import type { Queue } from "bullmq";
import ejs from "ejs";
import type { Express } from "express";
import type { Redis } from "ioredis";
import { LOCALES, type Language } from "./language.ts";
import { createRefreshAdapter } from "./refresh-adapter.ts";
import { REFUSALS, TEXTS } from "./texts.ts";

/** What a board shows. */
export interface BoardOptions {
  /** Path under which it is mounted. */
  readonly path: string;
  readonly refresh: Queue;
  readonly schedule: Queue;
  readonly alerts: Queue;
  /** To ask when the delayed jobs of `refresh` run. */
  readonly redis: Redis;
  readonly language: Language;
  readonly log: Log;
}

/** Bull Board over the queues, in one language. */
export function createBoard({ path, refresh, schedule, alerts, redis, language, log }: BoardOptions): Express {
  const texts = TEXTS[language];
  // Bull Board knows `allowCompletedRetries`, but its types forgot it.
  const refreshOptions = { allowCompletedRetries: false, description: texts.refreshQueue };
  const alertsOptions = { allowCompletedRetries: false, description: texts.alertsQueue };
  const adapter = new ExpressAdapter();
  adapter.setBasePath(path);
  createBullBoard({
    queues: [
      createRefreshAdapter(refresh, redis, refreshOptions),
      new BullMQAdapter(schedule, { readOnlyMode: true, description: texts.scheduleQueue }),
      new BullMQAdapter(alerts, alertsOptions),
    ],
    serverAdapter: adapter,
    options: { uiConfig: uiConfigOf(language), handlerHooks: { before: onlyFailedJobs } },
  });
  // Its own handler answers with the message of whatever was thrown.
  adapter.setErrorHandler((error) => {
    // It decodes some parameters once more than express.
    if (error instanceof URIError) return { status: 400, body: { error: REFUSALS.badRequest } };
    log.error({ err: error }, "board.failed");
    return { status: 500, body: { error: REFUSALS.failure } };
  });
  const app = adapter.getRouter() as Express;
  app.disable("x-powered-by");
  app.engine("ejs", (file, data, done) => {
    ejs.renderFile<void>(file, data, (error, html) => done(error, html && ownPage(html, language)));
  });
  return app;
}

function uiConfigOf(language: Language): UIConfig {
  return {
    boardTitle: "Tokenkeeper",
    boardLogo: { path: "/icon.svg", width: 24, height: 24 },
    favIcon: { default: "/icon.svg", alternative: "/icon.svg" },
    locale: { lng: LOCALES[language] },
    miscLinks: [{ text: TEXTS[language].signOut, url: "/logout" }],
    hideDocsLink: true,
    // Version, port and memory of Redis help nobody on this page.
    hideRedisDetails: true,
  };
}

/** Bull Board re-runs completed jobs as well, whatever its buttons show. */
const onlyFailedJobs: BeforeHook = async ({ route, request }) => {
  if (route !== "/api/queues/:queueName/:jobId/retry") return { allow: true };
  const job = await request.queues.get(String(request.params["queueName"]))?.getJob(String(request.params["jobId"]));
  const allow = job === undefined || job === null || (await job.getState()) === "failed";
  return { allow, status: 403, message: REFUSALS.forbidden };
};

/** The page that Bull Board renders, without its fonts from another host, with our style and navigation and the language that it is in. */
function ownPage(html: string, language: Language): string {
  return html
    .replace(/<link href="https:\/\/fonts\.googleapis\.com[^>]*>/, "")
    .replace("</head>", '<link href="/board.css" rel="stylesheet"></head>')
    .replace('<div id="root">', () => `${pagesBar(language)}<div id="root">`)
    .replace('<html lang="en"', `<html lang="${LOCALES[language]}"`);
}

/** The way to our own pages. */
function pagesBar(language: Language): string {
  const { pages, credentials, fleet, jobs } = TEXTS[language];
  const template =
    '<nav class="tokenkeeper" aria-label="<%= pages %>"><a href="/"><%= credentials %></a><a href="/fleet"><%= fleet %></a><a href="/queues" aria-current="page"><%= jobs %></a></nav>';
  return ejs.render(template, { pages, credentials, fleet, jobs });
}
