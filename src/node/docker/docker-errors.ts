// What dockerode makes of Docker's refusals, read back.

export const notFound = 404;
export const conflict = 409;

/** The HTTP code of Docker's refusal; undefined where it was not reached. */
export function codeOf(error: unknown): number | undefined {
  return (error as { statusCode?: number }).statusCode;
}

/** What Docker itself said, without what dockerode puts before it. */
export function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^\(HTTP code \d+\) .*? - /, '').trim();
}
