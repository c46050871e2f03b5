import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allKinds } from '../kinds/all.ts';
import { apiVersionOf } from '../kinds/kind.ts';
import { typeNamed } from '../openapi/schema.ts';
import { type ObjectType, shortName, type Type } from '../openapi/type.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import {
  decodeEnvelope,
  encodeContent,
  encodeList,
  encodeObject,
  encodeWatchEvent,
  NoProtobuf,
  objectTypeOf,
  type TypeName,
} from './envelope.ts';
import { isPointerField } from './field-table.ts';
import { messageOf, type WireType } from './message.ts';
import { MalformedProtobuf, WireReader } from './wire-reader.ts';

/** Bodies as kubectl 1.33 sends them. */
const sentByKubectl: [string, object][] = [
  [
    '6b3873000a0f0a02763112094e616d657370616365121b0a130a03666f6f12001a0022002a0032003800420012001a020a001a002200',
    { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'foo' }, spec: {}, status: {} },
  ],
  [
    '6b3873000a0c0a0276311206536563726574121d0a110a017312001a0022002a0032003800420012060a01611201621a001a002200',
    { kind: 'Secret', apiVersion: 'v1', metadata: { name: 's' }, data: { a: 'Yg==' } },
  ],
  [
    '6b3873000a150a07617070732f7631120a4465706c6f796d656e7412ba010a1f0a0377656212001a0022002a003200380042005a0a0a0361707012037765621288010802120c0a0a0a0361707012037765621a6e0a1c0a0012001a0022002a003200380042005a0a0a036170701203776562124e12300a056e67696e7812076e67696e783a312a00320a0a001000185022002a0042006a007200800100880100900100a201001a00320042004a0052005800600068008201008a01009a0100c2010022020a00280038001a0c0800100018002000280038001a002200',
    {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { containers: [{ name: 'nginx', image: 'nginx:1', ports: [{ containerPort: 80 }], resources: {} }] },
        },
        strategy: {},
      },
      status: {},
    },
  ],
  [
    '6b3873000a130a027631120d5265736f7572636551756f746112300a110a017112001a0022002a0032003800420012190a0a0a0363707512030a01310a0b0a04706f647312030a01331a001a002200',
    {
      kind: 'ResourceQuota',
      apiVersion: 'v1',
      metadata: { name: 'q' },
      spec: { hard: { cpu: '1', pods: '3' } },
      status: {},
    },
  ],
  [
    '6b3873000a200a09706f6c6963792f76311213506f6444697372757074696f6e42756467657412330a110a017012001a0022002a0032003800420012120a06080010011a0012080a060a01611201621a0a080018002000280030001a002200',
    {
      kind: 'PodDisruptionBudget',
      apiVersion: 'policy/v1',
      metadata: { name: 'p' },
      spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } },
      status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    },
  ],
  [
    '6b3873000a280a1861757468656e7469636174696f6e2e6b38732e696f2f7631120c546f6b656e52657175657374121d0a100a0012001a0022002a0032003800420012 0320901c1a040a0012001a002200',
    {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {},
      spec: { expirationSeconds: 3600, audiences: undefined },
      status: { token: '', expirationTimestamp: undefined },
    },
  ],
];

const withoutUndefined = (value: object): unknown => JSON.parse(JSON.stringify(value));

test('bodies of kubectl are read as JSON would show them', () => {
  for (const [hex, object] of sentByKubectl) {
    const read = decodeEnvelope(Buffer.from(hex.replaceAll(' ', ''), 'hex')) as { kind: string; status?: object };
    if (read.kind === 'TokenRequest') delete read.status; // whether its token is required is the schema's to say
    const wanted = withoutUndefined(object) as { kind: string; status?: object };
    if (wanted.kind === 'TokenRequest') delete wanted.status;
    assert.deepEqual(read, wanted);
  }
});

/** Any value of a type that survives the way: of fields that are no pointers, Go takes zeros for nothing. */
function anyOf(type: Type, keepsZero: boolean, depth: number): fc.Arbitrary<unknown> {
  switch (type.is) {
    case 'string':
      return fc.string({ unit: 'grapheme', minLength: keepsZero ? 0 : 1, maxLength: 20 });
    case 'bytes':
      return fc
        .uint8Array({ minLength: keepsZero ? 0 : 1, maxLength: 20 })
        .map((bytes) => Buffer.from(bytes).toString('base64'));
    case 'int32':
      return fc.integer().filter((value) => keepsZero || value !== 0);
    case 'int64':
      return fc.maxSafeInteger().filter((value) => keepsZero || value !== 0);
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => keepsZero || value !== 0);
    case 'boolean':
      return keepsZero ? fc.boolean() : fc.constant(true);
    case 'time':
      return fc.date(years).map((date) => `${date.toISOString().slice(0, 19)}Z`);
    case 'microTime':
      return fc
        .tuple(fc.date(years), fc.integer({ min: 0, max: 999_999 }))
        .map(([date, micros]) => `${date.toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z`);
    case 'quantity':
      return fc.constantFrom('0', '1', '500m', '64Mi', '1e3');
    case 'intOrString':
      return fc.oneof(fc.integer(), fc.string()).filter((value) => keepsZero || (value !== 0 && value !== ''));
    case 'any':
      return fc.jsonValue().filter((value) => value !== null);
    case 'list':
      return fc.array(anyOf(type.of, true, depth + 1), { minLength: 1, maxLength: 3 });
    case 'map': {
      const lists = type.of.is === 'list';
      const held = lists ? fc.array(fc.string(), { maxLength: 3 }) : anyOf(type.of, true, depth + 1);
      return fc.array(fc.tuple(fc.string(), held), { minLength: 1, maxLength: 3 }).map(Object.fromEntries);
    }
    case 'object':
      return anyObject(type, depth + 1);
  }
}

const years = { min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true };

/** What the schema takes for any JSON, but is this or that; it has a test of its own. */
function isOneOrAnother(type: ObjectType, name: string): boolean {
  const shown = type.fields.get(name)?.type;
  const travels = messageOf(type)?.fields.find((field) => field.name === name)?.type;
  const innermost = ({ is, ...rest }: WireType): string => ('of' in rest ? innermost(rest.of as WireType) : is);
  return shown !== undefined && innermost(shown) === 'any' && travels !== undefined && innermost(travels) !== 'any';
}

function anyObject(type: ObjectType, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  // Deep below, what must not be there stays away: types hold themselves.
  const fields = [...type.fields]
    .filter(([name]) => isPointerField(type.name, name) !== undefined && !isOneOrAnother(type, name))
    .filter(([, field]) => depth < 8 || (field.type.is !== 'object' && field.type.is !== 'list'));
  const names = fields.map(([name]) => name);
  return fc.subarray(names, { maxLength: Math.min(names.length, Math.max(2, 8 - depth)) }).chain((chosen) =>
    fc.record(
      Object.fromEntries(
        fields
          .filter(([name]) => chosen.includes(name))
          .map(([name, field]) => {
            const keepsZero = isPointerField(type.name, name) === true || field.required;
            return [name, anyOf(field.type, keepsZero, depth)];
          }),
      ),
    ),
  );
}

const servedNames: TypeName[] = [
  ...allKinds.map((kind) => ({ apiVersion: apiVersionOf(kind), kind: kind.kind })),
  { apiVersion: 'v1', kind: 'Status' },
  { apiVersion: 'apps/v1', kind: 'DeleteOptions' },
  { apiVersion: 'autoscaling/v1', kind: 'Scale' },
  { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview' },
  { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' },
];

test('every object of every served kind comes out of its bytes as it went in', () => {
  for (const named of servedNames) {
    const type = objectTypeOf(named) as ObjectType;
    fc.assert(
      fc.property(anyObject(type), (fields) => {
        const object = { ...named, ...fields };
        const bytes = encodeObject(object);
        assert.ok(bytes);
        assert.deepEqual(withPlainPrototypes(decodeEnvelope(bytes)), withPlainPrototypes(object));
      }),
      { numRuns: 15 },
    );
  }
});

const withPlainPrototypes = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('schemas of custom resources come out of their bytes as they went in', () => {
  const type = typeNamed('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps') as ObjectType;
  const schemas: Record<string, unknown>[] = [
    { type: 'object', properties: { a: { type: 'string', default: 'x', maxLength: 0 } }, additionalProperties: false },
    { items: { type: 'integer', maximum: 1.5 }, additionalItems: true },
    { items: [{ type: 'string' }, { enum: [1, 'a', null, { b: [] }] }], additionalProperties: { nullable: true } },
    { dependencies: { a: ['b', 'c'], d: { type: 'object' } }, 'x-kubernetes-preserve-unknown-fields': true },
    { $schema: 's', $ref: '#/a', default: false, 'x-kubernetes-validations': [{ rule: 'self > 0' }] },
  ];
  for (const schema of schemas) assert.deepEqual(decode(type, encode(type, schema) as Buffer), schema);
  const subresources = typeNamed(
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresources',
  ) as ObjectType;
  assert.equal(encode(subresources, { status: {} })?.toString('hex'), '0a00');
  assert.deepEqual(decode(subresources, Buffer.from('0a00', 'hex')), { status: {} });
});

test('zeros mean something where Go has a pointer or JSON shows them', () => {
  const cases: [string, string, object][] = [
    ['io.k8s.api.apps.v1.DeploymentSpec', '08002800', { replicas: 0 }],
    ['io.k8s.api.core.v1.SecurityContext', '100020002800', { privileged: false, runAsUser: 0, runAsNonRoot: false }],
    ['io.k8s.api.core.v1.PersistentVolumeClaimSpec', '1a002a00', { storageClassName: '' }],
    ['io.k8s.api.core.v1.ServicePort', '0a0018002206080010001a00', { port: 0 }],
    ['io.k8s.api.core.v1.HTTPGetAction', '0a001206080010001a00', { port: 0 }],
    ['io.k8s.api.core.v1.ContainerStatus', '20002800', { ready: false, restartCount: 0 }],
  ];
  for (const [name, hex, object] of cases) {
    assert.deepEqual(decode(typeNamed(name) as ObjectType, Buffer.from(hex, 'hex')), object, name);
  }
});

test('numbers in a list may stand without tags between them, and what is unknown is passed by', () => {
  const type = typeNamed('io.k8s.api.core.v1.PodSecurityContext') as ObjectType;
  assert.deepEqual(decode(type, Buffer.from('22020105', 'hex')), { supplementalGroups: [1, 5] });
  assert.deepEqual(decode(type, Buffer.from('20012005ba3e0161', 'hex')), { supplementalGroups: [1, 5] });
});

test('a name of a map that means something to JavaScript is but a name', () => {
  const read = decodeEnvelope(
    encodeObject(JSON.parse('{"apiVersion":"v1","kind":"ConfigMap","data":{"__proto__":"x"}}')) as Buffer,
  ) as { data: object };
  assert.deepEqual(Object.entries(read.data), [['__proto__', 'x']]);
});

test('a list and the events of a watch hold what was encoded before', () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } };
  const metadata = { resourceVersion: '7', continue: 'next' };
  const list = encodeList({ apiVersion: 'v1', kind: 'PodList', metadata }, [encodeContent(pod) as Buffer]);
  const items = [{ metadata: { name: 'a' } }];
  assert.deepEqual(decodeEnvelope(list), { apiVersion: 'v1', kind: 'PodList', metadata, items });

  const frame = encodeWatchEvent('ADDED', encodeObject(pod) as Buffer);
  assert.equal(frame.readUInt32BE(), frame.length - 4);
  const event = new WireReader(frame, 4);
  assert.ok(event.next());
  assert.equal(event.text('type'), 'ADDED');
  assert.ok(event.next());
  const object = event.message('object');
  assert.ok(object.next());
  assert.deepEqual(decodeEnvelope(object.rawBytes('raw')), pod);
});

test('what is no protobuf, or of no type that travels so, is refused in words', () => {
  const cases: [Buffer, RegExp, new () => Error][] = [
    [Buffer.from('{"kind":"Pod"}'), /does not appear to be a protobuf message/, MalformedProtobuf],
    [Buffer.from('k8s\0'), /empty body/, MalformedProtobuf],
    [Buffer.from('k8s\0\x0a\x00'), /'Kind' is missing/, MalformedProtobuf],
    [Buffer.from('k8s\0\x0a\x7f'), /unexpected EOF/, MalformedProtobuf],
    [Buffer.from('k8s\0\x0a\x0d\x0a\x06a.b/v1\x12\x03Foo'), /Foo in version a.b\/v1/, NoProtobuf],
    [Buffer.from('k8s\0\x0a\x0b\x12\x09__proto__'), /__proto__ in version/, NoProtobuf],
  ];
  for (const [bytes, message, type] of cases) {
    assert.throws(
      () => decodeEnvelope(bytes),
      (error) => error instanceof type && message.test(error.message),
    );
  }
  assert.equal(encodeObject({ apiVersion: 'a.b/v1', kind: 'Foo' }), undefined);
});

test('whatever the bytes are, reading them ends with an object or with a refusal', () => {
  const endsWell = (bytes: Buffer) => {
    try {
      decodeEnvelope(bytes);
    } catch (error) {
      assert.ok(error instanceof MalformedProtobuf || error instanceof NoProtobuf, String(error));
    }
  };
  const content = fc.uint8Array({ maxLength: 400 });
  const prefix = Buffer.from('6b3873000a090a02763112 03506f64'.replace(' ', ''), 'hex');
  fc.assert(
    fc.property(content, (bytes) => {
      endsWell(Buffer.from(bytes));
      endsWell(Buffer.concat([prefix, Buffer.from([0x12, 0x80 | (bytes.length & 0x7f), bytes.length >> 7]), bytes]));
    }),
    { numRuns: 2000 },
  );
  const genuine = sentByKubectl.map(([hex]) => Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(
      fc.constantFrom(...genuine),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.nat(),
      (bytes, changes, cut) => {
        const mutated = Buffer.from(bytes);
        for (const { at, to } of changes) mutated[4 + (at % (bytes.length - 4))] = to;
        endsWell(mutated);
        endsWell(bytes.subarray(0, cut % bytes.length));
      },
    ),
    { numRuns: 2000 },
  );
});

test('a nest without end is refused', () => {
  const type = typeNamed('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps') as ObjectType;
  assert.equal(shortName(type), 'JSONSchemaProps');
  let schema: Record<string, unknown> = {};
  for (let depth = 0; depth < 300; depth++) schema = { not: schema };
  assert.throws(() => decode(type, encode(type, schema) as Buffer), /nested deeper than 200 levels/);
});
