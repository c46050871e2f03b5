// Makes src/api/openapi/generated/: every type of the Kubernetes API that is served, out of the packages kubernetes-models
// (full names, fields, references, descriptions) and @kubernetes/client-node (formats), trimmed to the version that is served.
//   schema.js        { "io.k8s.api.core.v1.ServicePort": { "port!": "int32", "targetPort": "intOrString" } ... } as JSON text
//   descriptions.js  { "io.k8s.api.core.v1.ServicePort": { "": "of the type", "port": "of the field" } ... } as JSON text
// A field's type is a scalar, the name of another type, [T] for a list or {T} for a map. "!" after its name marks what is
// required, "~" where a zero says nothing: Go programs, which write it or leave it out, mean the same.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shownFieldsOf } from '../src/api/protobuf/field-table.ts';

const packages = 'node_modules';
const clientModels = join(packages, '@kubernetes/client-node/dist/gen/models');
const out = process.argv[2];

/** What came after Kubernetes v1.34; types that only these fields use vanish with them. */
const newer = [
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition.observedGeneration',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus.observedGeneration',
  'io.k8s.api.core.v1.NodeStatus.declaredFeatures',
  'io.k8s.api.core.v1.PodCertificateProjection.userAnnotations',
  'io.k8s.api.core.v1.PodSpec.schedulingGroup',
  'io.k8s.api.core.v1.PodStatus.allocatedResources',
  'io.k8s.api.core.v1.PodStatus.nodeAllocatableResourceClaimStatuses',
  'io.k8s.api.core.v1.PodStatus.resources',
  'io.k8s.api.core.v1.ResourceHealth.message',
  'io.k8s.api.core.v1.VolumeMountStatus.volumeStatus',
  'io.k8s.api.storage.v1.CSIDriverSpec.preventPodSchedulingIfMissing',
  'io.k8s.api.storage.v1.CSIDriverSpec.serviceAccountTokenInSecrets',
  'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta.shardInfo',
];

const scalars = {
  string: 'string',
  number: 'double',
  boolean: 'boolean',
  object: 'any',
  unknown: 'any',
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'microTime',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'any',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch': 'any',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'any',
  ...Object.fromEntries(
    [
      'CustomResourceSubresourceStatus',
      'JSON',
      'JSONSchemaPropsOrArray',
      'JSONSchemaPropsOrBool',
      'JSONSchemaPropsOrStringArray',
    ].map((name) => [`io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.${name}`, 'any']),
  ),
};

const formats = { int32: 'int32', int64: 'int64', byte: 'bytes', double: 'double' };

/** "IIoK8sApiCoreV1ServicePort" is io.k8s.api.core.v1.ServicePort. */
function fullName(joined) {
  const roots = [
    [/^I?IoK8sApiextensionsApiserverPkgApisApiextensions(V\d+)(.+)$/, 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions'],
    [/^I?IoK8sKubeAggregatorPkgApisApiregistration(V\d+)(.+)$/, 'io.k8s.kube-aggregator.pkg.apis.apiregistration'],
    [/^I?IoK8sApimachineryPkgApisMeta(V\d+)(.+)$/, 'io.k8s.apimachinery.pkg.apis.meta'],
    [/^I?IoK8sApimachineryPkgApi(Resource)(.+)$/, 'io.k8s.apimachinery.pkg.api'],
    [/^I?IoK8sApimachineryPkgUtil(Intstr)(.+)$/, 'io.k8s.apimachinery.pkg.util'],
    [/^I?IoK8sApimachineryPkg(Runtime|Version)(.+)$/, 'io.k8s.apimachinery.pkg'],
  ];
  for (const [pattern, root] of roots) {
    const match = pattern.exec(joined);
    if (match) return `${root}.${match[1].toLowerCase()}.${match[2]}`;
  }
  const [, group, version, name] = /^I?IoK8sApi([A-Z][a-z]+)(V\d+)(.+)$/.exec(joined) ?? [];
  if (!name) throw new Error(`cannot read the name ${joined}`);
  return `io.k8s.api.${group.toLowerCase()}.${version.toLowerCase()}.${name}`;
}

/** The files of all stable versions, with what each declares. */
function* declarations() {
  const stable = /(^|\/)v\d+$/;
  const roots = [join(packages, 'kubernetes-models'), join(packages, '@kubernetes-models/apimachinery')];
  for (const root of roots) {
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith('.d.ts') || entry.name === 'index.d.ts') continue;
      if (root.endsWith('kubernetes-models') && !stable.test(entry.parentPath)) continue;
      if (entry.parentPath.endsWith('_schemas')) continue;
      yield readFileSync(join(entry.parentPath, entry.name), 'utf8');
    }
  }
}

const inline = 'inline';

const typeMeta = {
  apiVersion:
    'The group and version of the schema by which this object is written, as GROUP/VERSION, or VERSION alone in the core group. A server that knows other versions of the kind may answer in one of those.',
  kind: 'The kind of the object, in CamelCase. It follows from the path of a request, so a server can do without it, and it never changes.',
};

const comment = /\/\*\*\n((?:\s*\*.*\n)*?)\s*\*\/\n/y;

/** The text of a comment at the place, and where it ends. */
function readComment(text, at) {
  comment.lastIndex = at;
  const match = comment.exec(text);
  if (!match) return { description: '', end: at };
  const lines = match[1].split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd());
  // What would end a comment is written otherwise there.
  const description = lines.join('\n').trim().replace(/\\([*/])/g, '$1');
  return { description, end: comment.lastIndex };
}

/** Type names in a file stand for the interfaces that it declares or imports; the last line tells the full name of its own. */
function parseType(expression, own) {
  const text = expression.trim();
  const list = /^Array<(.*)>$/s.exec(text);
  if (list) return `[${parseType(list[1], own)}]`;
  const map = /^\{\s*\[key: string\]: (.*?);?\s*\}$/s.exec(text);
  if (map) return `{${parseType(map[1], own)}}`;
  if (/^"/.test(text)) return 'string';
  // A type of another group that the package writes out in place: its name is the client library's to tell.
  if (text.startsWith('{')) return inline;
  if (scalars[text]) return scalars[text];
  if (/^\(.*\)$/s.test(text)) return parseType(text.slice(1, -1), own);
  if (/^I[A-Z]/.test(text)) {
    const name = text.startsWith('IIoK8s') ? fullName(text) : own;
    return scalars[name] ?? name;
  }
  throw new Error(`cannot read the type ${text}`);
}

function parseInterface(source) {
  const start = /^export interface I\w+(?: extends ([^{]*?))?\s*\{/m.exec(source);
  const alias = /^export type \{ (I\w+) as (IIoK8s\w+)/m.exec(source);
  if (!start || !alias) return undefined;
  const name = fullName(alias[2]);
  const before = source.slice(0, start.index).lastIndexOf('/**');
  const description = before < 0 ? '' : readComment(source, before).description;
  const fields = [];
  let at = start.index + start[0].length;
  for (;;) {
    while (/\s/.test(source[at])) at++;
    if (source[at] === '}') break;
    const told = readComment(source, at);
    at = told.end;
    while (/\s/.test(source[at])) at++;
    const head = /"([^"]+)"(\??): /y;
    head.lastIndex = at;
    const match = head.exec(source);
    if (!match) throw new Error(`cannot read ${name} at ${source.slice(at, at + 60)}`);
    at = head.lastIndex;
    let depth = 0;
    let end = at;
    while (depth > 0 || source[end] !== ';') {
      if ('{<('.includes(source[end])) depth++;
      if ('}>)'.includes(source[end])) depth--;
      end++;
    }
    // Of kinds, these two may be left out where the path says them, and the package has no words for them.
    const isTypeMeta = start[1]?.includes('TypeMeta') && match[1] in typeMeta;
    fields.push({
      name: match[1],
      required: match[2] === '' && !isTypeMeta,
      type: parseType(source.slice(at, end), name),
      description: isTypeMeta ? typeMeta[match[1]] : told.description,
    });
    at = end + 1;
  }
  return { name, description, fields };
}

/** The client library's classes: for each field its type and format. */
function readClasses() {
  const byClass = new Map();
  for (const file of readdirSync(clientModels)) {
    if (!file.endsWith('.js')) continue;
    const attributes = /attributeTypeMap = (\[.*?\n\]);/s.exec(readFileSync(join(clientModels, file), 'utf8'));
    if (!attributes) continue;
    byClass.set(
      file.slice(0, -'.js'.length),
      new Map(JSON.parse(attributes[1]).map(({ baseName, type, format }) => [baseName, { type, format }])),
    );
  }
  return byClass;
}

/** A type's class has the group in its name only where it would be ambiguous. */
function classesOf(name) {
  const [group = '', version = '', kind = ''] = name.split('.').slice(-3);
  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  return [`${capital(group)}${capital(version)}${kind}`, `${capital(version)}${kind}`];
}

function completed(type, known) {
  if (type.includes(inline)) {
    const used = /\w+/.exec(known.type.replace('Array<', ''))[0];
    return type.replace(inline, () => declared.find(({ name }) => classesOf(name).includes(used)).name);
  }
  const given = formats[known?.format];
  return given ? type.replace(/\b(double|string)\b/, given) : type;
}

/** The fields of a type whose zero says nothing, by the marks of the table of field numbers. */
function zeroless(typeName) {
  const fields = shownFieldsOf(typeName).filter(({ mark, message }) => mark === '' && message === undefined);
  return new Set(fields.map(({ name }) => name));
}

const withZero = ['string', 'boolean', 'int32', 'int64', 'double'];

const classes = readClasses();
const declared = [...declarations()].map(parseInterface).filter((each) => each && !scalars[each.name]);
const types = {};
const descriptions = {};
for (const { name: typeName, description: about, fields } of declared) {
  const known = classesOf(typeName).map((each) => classes.get(each)).find(Boolean);
  const kept = fields.filter(({ name }) => !newer.includes(`${typeName}.${name}`));
  const saysNothing = zeroless(typeName);
  types[typeName] = Object.fromEntries(
    kept.map(({ name, required, type }) => {
      const holds = completed(type, known?.get(name));
      const mark = required ? '!' : saysNothing.has(name) && withZero.includes(holds) ? '~' : '';
      return [name + mark, holds];
    }),
  );
  descriptions[typeName] = Object.fromEntries(
    [['', about], ...kept.map(({ name, description }) => [name, description])].filter(([, text]) => text),
  );
}

const missing = Object.entries(types).flatMap(([name, fields]) =>
  Object.entries(fields)
    .map(([field, type]) => [`${name}.${field}`, /io\.k8s[\w.-]+/.exec(type)?.[0]])
    .filter(([, used]) => used && !types[used]),
);
if (missing.length > 0) throw new Error(`types that are used and nowhere declared: ${missing.map(([field]) => field).join(', ')}`);

mkdirSync(out, { recursive: true });
function write(name, content) {
  const part = join(out, `${name}.${process.pid}`);
  writeFileSync(part, content);
  renameSync(part, join(out, name));
}
for (const [name, content] of Object.entries({ schema: types, descriptions })) {
  const sorted = Object.fromEntries(Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1)));
  // In ASCII, as a text with a single letter beyond Latin 1 takes twice the memory.
  const json = JSON.stringify(sorted).replace(
    /[^\x20-\x7e]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  write(`${name}.js`, `export const ${name} =\n  ${JSON.stringify(json)};\n`);
  write(`${name}.d.ts`, `export declare const ${name}: string;\n`);
}
