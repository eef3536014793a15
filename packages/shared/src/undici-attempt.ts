import type { Dispatcher } from "undici";
import { createAnswerStart, isLong } from "./answer-start.ts";

type Handler = Dispatcher.DispatchHandler;
type Start = Parameters<NonNullable<Handler["onResponseStart"]>>;

/** An answer with which WeChat refused the token, not yet shown to the handler. */
export interface RefusedAnswer {
  readonly errcode: number;
  /** Shows it to the handler. */
  release(): void;
}

/**
 * Sends a request. Its answer goes to the handler as it comes, unless it is WeChat's refusal of the token.
 * @returns the refusal, or `undefined` as soon as the answer or an error is the handler's. Rejects when the request cannot be sent.
 */
export function dispatchAttempt(
  dispatch: Dispatcher["dispatch"],
  request: Dispatcher.DispatchOptions,
  handler: Handler,
): Promise<RefusedAnswer | undefined> {
  return new Promise((resolve) => {
    dispatch(request, holdRefusal(handler, resolve));
  });
}

function holdRefusal(handler: Handler, decide: (refused: RefusedAnswer | undefined) => void): Handler {
  /** What came and was not shown yet. */
  let held:
    | { readonly start: Start; readonly chunks: Buffer[]; readonly content: ReturnType<typeof createAnswerStart> }
    | undefined;

  function show(): void {
    const { start, chunks } = held ?? {};
    held = undefined;
    if (!start) return;
    handler.onResponseStart?.(...start);
    for (const chunk of chunks ?? []) handler.onResponseData?.(start[0], chunk);
  }

  return {
    onRequestStart: (...args) => handler.onRequestStart?.(...args),
    onBodySent: (...args) => handler.onBodySent?.(...args),
    onRequestSent: (...args) => handler.onRequestSent?.(...args),
    onResponseStarted: (...args) => handler.onResponseStarted?.(...args),

    onRequestUpgrade(...args) {
      decide(undefined);
      handler.onRequestUpgrade?.(...args);
    },

    onResponseStart(...start) {
      const [, statusCode, headers] = start;
      if (statusCode < 200) return handler.onResponseStart?.(...start);
      held = { start, chunks: [], content: createAnswerStart(textOf(headers["content-encoding"])) };
      if (!isLong(headers["content-length"])) return;
      decide(undefined);
      show();
    },

    onResponseData(controller, chunk) {
      if (!held) return handler.onResponseData?.(controller, chunk);
      held.chunks.push(chunk);
      if (held.content.add(chunk)) return;
      decide(undefined);
      show();
    },

    onResponseEnd(...end) {
      const errcode = held?.content.refusal();
      const release = (): void => {
        show();
        handler.onResponseEnd?.(...end);
      };
      if (errcode !== undefined) return decide({ errcode, release });
      decide(undefined);
      release();
    },

    onResponseError(...args) {
      // A broken answer of which nothing was shown yet is an error and nothing else.
      held = undefined;
      decide(undefined);
      handler.onResponseError?.(...args);
    },
  };
}

function textOf(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(",") : (header ?? "");
}
