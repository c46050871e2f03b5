// Arbitrary requests to an API server: about right, wrong in one place, or nonsense altogether.
import fc from 'fast-check';
import { typeOfKind } from '../../src/api/openapi/schema.ts';
import type { ObjectType, Type } from '../../src/api/openapi/type.ts';

export interface RandomRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** A kind as discovery tells it. */
export interface ServedKind {
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  subresources: string[];
}

// Few names, so that requests meet each other's objects, and what is stored stays bounded.
const names = fc.constantFrom('a', 'b', 'c', 'x-1', 'default', 'kubernetes', 'Bad_Name', '..', '%2F', 'ü', '');
const namespaces = fc.constantFrom('default', 'random', 'random', 'kube-system', 'nowhere');
const text = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 8 }), names);

const nonsense = fc.jsonValue({ maxDepth: 4 });

/** A value of the type, or now and then of another. Deep parts are left out, as types refer to each other in circles. */
function anyValue(type: Type, depth: number): fc.Arbitrary<unknown> {
  const right = fittingValue(type, depth);
  return fc.oneof({ weight: 80, arbitrary: right }, { weight: 1, arbitrary: nonsense });
}

function fittingValue(type: Type, depth: number): fc.Arbitrary<unknown> {
  switch (type.is) {
    case 'boolean':
      return fc.boolean();
    case 'int32':
    case 'int64':
      return fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer(), fc.maxSafeInteger());
    case 'double':
      return fc.double();
    case 'bytes':
      return fc.base64String({ maxLength: 20 });
    case 'quantity':
      return fc.oneof(fc.constantFrom('1', '100m', '1Gi', '-1', '1e3', 'much'), fc.nat());
    case 'time':
    case 'microTime':
      return fc.oneof(
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        fc.constant('soon'),
      );
    case 'intOrString':
      return fc.oneof(fc.constantFrom('25%', 'http'), fc.integer());
    case 'string':
      return fc.oneof(text, fc.constantFrom('Always', 'TCP', 'ClusterIP', 'v1', '10.0.0.1', 'app', 'Never', 'a=b'));
    case 'any':
      return nonsense;
    case 'list':
      return fc.array(anyValue(type.of, depth), { maxLength: 2 });
    case 'map':
      return fc.dictionary(text, anyValue(type.of, depth), { maxKeys: 2 });
    case 'object':
      return depth > 5 ? fc.constant({}) : objectOf(type, depth + 1);
  }
}

function objectOf(type: ObjectType, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = [...type.fields].filter(([name]) => name !== 'managedFields');
  const likely = fields.filter(([, field]) => field.required);
  return fc.subarray(fields, { maxLength: Math.min(5, fields.length) }).chain((chosen) => {
    const together = new Map([...likely, ...chosen]);
    return fc.record(Object.fromEntries([...together].map(([name, field]) => [name, anyValue(field.type, depth)])));
  });
}

function objectOfKind(served: ServedKind): fc.Arbitrary<unknown> {
  const type = typeOfKind(served);
  if (!type) return nonsense;
  const apiVersion = served.group ? `${served.group}/${served.version}` : served.version;
  return fc.tuple(objectOf(type, 0), names, fc.boolean()).map(([fields, name, isPlain]) => {
    const metadata = isPlain ? { name } : { ...(fields.metadata as object | undefined), name };
    return { ...fields, apiVersion, kind: served.kind, metadata };
  });
}

const operations = fc.array(
  fc.record({
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'jump'),
    path: fc.constantFrom(
      '/metadata/labels',
      '/metadata/labels/a',
      '/spec',
      '/data/a',
      '/spec/containers/0',
      '',
      'x',
      '/metadata/name',
    ),
    from: fc.constantFrom('/metadata', '/spec', '/data', '/metadata/labels/a'),
    value: nonsense,
  }),
  { maxLength: 4 },
);

const patchTypes = [
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
] as const;
const plainTypes = [
  'application/json',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'text/plain',
  '',
] as const;
const accepts = fc.oneof(
  { weight: 3, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'application/json',
      'application/yaml',
      '*/*',
      'application/vnd.kubernetes.protobuf',
      'application/vnd.kubernetes.protobuf, application/json',
      'application/json;as=Table;v=v1;g=meta.k8s.io',
      'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
      'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
      ';;;q=,',
      'text/html;q=0.5',
    ),
  },
);

/** Header values may not hold line ends or what no byte stands for. */
const headerText = text.map((value) => value.replace(/[^\x20-\x7e]/g, ''));
const otherHeaders = fc.dictionary(
  fc.constantFrom(
    'impersonate-user',
    'impersonate-group',
    'accept-encoding',
    'if-none-match',
    'x-forwarded-for',
    'user-agent',
  ),
  headerText,
  { maxKeys: 2 },
);

const parameters: Record<string, fc.Arbitrary<string>> = {
  limit: fc.constantFrom('1', '3', '0', '-1', 'x', '99999999999'),
  continue: fc.oneof(text, fc.constant('eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJ4In0')),
  resourceVersion: fc.constantFrom('0', '1', '10', '-1', 'x', '99999999999999999999', ''),
  resourceVersionMatch: fc.constantFrom('Exact', 'NotOlderThan', 'Nope'),
  labelSelector: fc.oneof(text, fc.constantFrom('a=b', 'a in (b,c)', '!a', 'a>1', 'a in (', ',,')),
  fieldSelector: fc.oneof(text, fc.constantFrom('metadata.name=a', 'spec.nodeName!=x', 'status.phase=', '=')),
  dryRun: fc.constantFrom('All', 'Some', ''),
  fieldManager: text,
  fieldValidation: fc.constantFrom('Strict', 'Warn', 'Ignore', 'Loose'),
  force: fc.constantFrom('true', 'false', '1', 'maybe'),
  pretty: fc.constantFrom('true', 'false', ''),
  watch: fc.constantFrom('true', '1', 'yes'),
  sendInitialEvents: fc.constantFrom('true', 'false', 'perhaps'),
  allowWatchBookmarks: fc.constantFrom('true', 'x'),
  includeObject: fc.constantFrom('None', 'Metadata', 'Object', 'All'),
  propagationPolicy: fc.constantFrom('Orphan', 'Foreground', 'Background', 'Up'),
  gracePeriodSeconds: fc.constantFrom('0', '1', '-1', 'x'),
};

/** A watch is asked to end soon: the request shall be over. */
const query = fc
  .subarray(Object.keys(parameters), { maxLength: 2 })
  .chain((chosen) => fc.record(Object.fromEntries(chosen.map((name) => [name, parameters[name] ?? text]))))
  .map((chosen) => new URLSearchParams({ ...(chosen as Record<string, string>), timeoutSeconds: '1' }).toString());

export function requestsTo(kinds: ServedKind[]): fc.Arbitrary<RandomRequest> {
  const ofKind = fc.constantFrom(...kinds).chain((served) => {
    const { group, version, plural, namespaced, subresources } = served;
    const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
    const subresource = fc.oneof(
      { weight: 6, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constantFrom('status', 'scale', 'nope', ...subresources) },
    );
    return fc
      .record({
        method: fc.constantFrom('GET', 'GET', 'POST', 'POST', 'PUT', 'PATCH', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'),
        namespace: namespaces,
        name: names,
        isNamed: fc.boolean(),
        subresource,
        query,
        accept: accepts,
        headers: otherHeaders,
        content: contentFor(served),
      })
      .map(
        ({
          method,
          namespace,
          name,
          isNamed,
          subresource: sub,
          query: asked,
          accept,
          headers,
          content,
        }): RandomRequest => {
          const inside = namespaced ? `/namespaces/${namespace}` : '';
          // A few address what they should not, the others what fits.
          const isOdd = name === '..';
          const named = (isOdd ? isNamed : method === 'POST' ? false : isNamed || ['PUT', 'PATCH'].includes(method))
            ? `/${encodeURI(name)}${sub && `/${sub}`}`
            : '';
          const fitting = method === 'PATCH' ? content.patch : content.plain;
          return {
            method,
            path: `${root}${inside}/${plural}${named}?${asked}`,
            headers: { ...headers, accept, 'content-type': fitting.type },
            body: method === 'GET' || method === 'HEAD' ? '' : fitting.body,
          };
        },
      );
  });
  const anywhere = fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'DELETE'),
      path: fc.webPath(),
      accept: accepts,
      body: fc.string(),
    })
    .map(({ method, path, accept, body }) => ({
      method,
      path: path.startsWith('/') ? path : `/${path}`,
      headers: { accept },
      body: method === 'GET' ? '' : body,
    }));
  return fc.oneof({ weight: 20, arbitrary: ofKind }, { weight: 1, arbitrary: anywhere });
}

function contentFor(served: ServedKind) {
  const object = fc.oneof({ weight: 8, arbitrary: objectOfKind(served) }, { weight: 1, arbitrary: nonsense });
  const json = fc.oneof(
    { weight: 20, arbitrary: object.map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: text },
  );
  const usual = fc.oneof(
    { weight: 8, arbitrary: fc.constant('application/json') },
    { weight: 1, arbitrary: fc.constantFrom(...plainTypes) },
  );
  const merging = fc.record({ type: fc.constantFrom(...patchTypes), body: json });
  const operating = operations.map((list) => ({ type: 'application/json-patch+json', body: JSON.stringify(list) }));
  return fc.record({
    plain: fc.record({ type: usual, body: json }),
    patch: fc.oneof({ weight: 3, arbitrary: merging }, { weight: 1, arbitrary: operating }),
  });
}
