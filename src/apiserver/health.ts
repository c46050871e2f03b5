// Whether the server lives and is ready: named checks, asked one by one or all together.

/** Throws or rejects when something is wrong. */
export type HealthCheck = () => void | Promise<void>;

export interface HealthChecks {
  /** What a restart may cure. */
  live: Readonly<Record<string, HealthCheck>>;
  /** What must hold besides for clients to be sent here. */
  ready: Readonly<Record<string, HealthCheck>>;
}

export interface HealthReport {
  isHealthy: boolean;
  text: string;
}

export class Health {
  readonly #checks: Record<string, Readonly<Record<string, HealthCheck>>>;

  constructor({ live, ready }: HealthChecks) {
    const all = { ...live, ...ready };
    this.#checks = { healthz: all, livez: live, readyz: all };
  }

  /** Every path that is answered. */
  get paths(): string[] {
    return Object.entries(this.#checks).flatMap(([kind, checks]) => [
      `/${kind}`,
      ...Object.keys(checks).map((name) => `/${kind}/${name}`),
    ]);
  }

  /** The report at the path, /readyz or /readyz/NAME; undefined where there is no such check. */
  async report(path: string, query: URLSearchParams): Promise<HealthReport | undefined> {
    const [, kind = '', one, ...more] = path.split('/');
    const checks = Object.hasOwn(this.#checks, kind) ? this.#checks[kind] : undefined;
    if (!checks || more.length > 0) return undefined;
    if (one !== undefined) {
      const check = Object.hasOwn(checks, one) ? checks[one] : undefined;
      return check && summary(kind, [await outcome(one, check)], { isVerbose: false });
    }
    const excluded = query.getAll('exclude');
    const asked = Object.entries(checks).filter(([name]) => !excluded.includes(name));
    const outcomes = await Promise.all(asked.map(([name, check]) => outcome(name, check)));
    return summary(kind, outcomes, { isVerbose: query.has('verbose') });
  }
}

interface Outcome {
  name: string;
  isPassed: boolean;
}

async function outcome(name: string, check: HealthCheck): Promise<Outcome> {
  try {
    await check();
    return { name, isPassed: true };
  } catch {
    return { name, isPassed: false };
  }
}

/** Who asks may be anybody: what failed is named, and why is in the log of whoever it failed for. */
function summary(kind: string, outcomes: Outcome[], { isVerbose }: { isVerbose: boolean }): HealthReport {
  const isHealthy = outcomes.every(({ isPassed }) => isPassed);
  if (isHealthy && !isVerbose) return { isHealthy, text: 'ok' };
  const lines = outcomes.map(({ name, isPassed }) =>
    isPassed ? `[+]${name} ok` : `[-]${name} failed: reason withheld`,
  );
  return { isHealthy, text: `${[...lines, `${kind} check ${isHealthy ? 'passed' : 'failed'}`].join('\n')}\n` };
}
