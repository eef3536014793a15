import type { Evidence, Finding, Violation } from "./evidence.ts";

/** A piece of a secret of this length is a leak. */
const PIECE = 12;

/** I8: no piece of a secret or a token stands anywhere but in the records; raw, URL-encoded or in base64. */
export function judgeSecrets({ outputs, canaries, to }: Evidence): Finding {
  const pieces = new Set(canaries.flatMap((canary) => formsOf(canary).flatMap(piecesOf)));
  const violations: Violation[] = [];
  let bytes = 0;
  for (const { place, text } of outputs) {
    bytes += text.length;
    const at = firstPieceIn(text, pieces);
    if (at === undefined) continue;
    const where = text.slice(Math.max(0, at - 60), at).replaceAll(/[^\x20-\x7e]/g, " ");
    violations.push({ invariant: "I8", at: to, text: `a piece of a secret stands in ${place}, after: ${where}` });
  }
  return { violations, figures: { secrets: violations.length, searchedBytes: bytes, canaries: canaries.length } };
}

function formsOf(canary: string): string[] {
  return [canary, encodeURIComponent(canary), Buffer.from(canary).toString("base64")];
}

function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; start + PIECE <= text.length; start += 1) pieces.push(text.slice(start, start + PIECE));
  return pieces;
}

function firstPieceIn(text: string, pieces: ReadonlySet<string>): number | undefined {
  for (const { 0: run, index } of text.matchAll(/[\w%+/=.~-]{12,}/g)) {
    for (let start = 0; start + PIECE <= run.length; start += 1) {
      if (pieces.has(run.slice(start, start + PIECE))) return index + start;
    }
  }
  return undefined;
}
