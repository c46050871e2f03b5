// componentstatuses: every health check of the server as an object, asked at the moment it is read.
import type { ComponentStatus } from '../api/kinds/component-status.ts';
import { NotFound } from '../api/status.ts';
import type { HealthCheck, HealthChecks } from './health.ts';
import { CachedObject } from './object-cache.ts';
import { subjectOf } from './rest/request.ts';
import { object, type SubresourceHandler } from './rest/rest.ts';
import { selectionOf } from './rest/selection.ts';

export function componentStatusHandler({ live, ready }: HealthChecks): SubresourceHandler {
  const checks = { ...live, ...ready };
  return async (request, rest) => {
    if (request.verb === 'get') {
      const { name = '' } = request;
      const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
      if (!check) throw new NotFound(subjectOf(request));
      return object(200, await statusOf(name, check));
    }
    const names = Object.keys(checks).sort();
    const items = await Promise.all(names.map((name) => statusOf(name, checks[name] ?? (() => {}))));
    return { type: 'list', items: items.filter(selectionOf(request)), revision: rest.cache.revision };
  };
}

async function statusOf(name: string, check: HealthCheck): Promise<CachedObject> {
  const condition = await Promise.resolve()
    .then(check)
    .then(
      () => ({ type: 'Healthy', status: 'True', message: 'ok' }),
      (error: unknown) => ({ type: 'Healthy', status: 'False', error: String(error) }),
    );
  const status: ComponentStatus = {
    apiVersion: 'v1',
    kind: 'ComponentStatus',
    metadata: { name },
    conditions: [condition],
  };
  return new CachedObject(status, 0);
}
