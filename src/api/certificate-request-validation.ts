// What a CertificateSigningRequest may say, and what of it may change.
import type { ICertificateSigningRequest } from 'kubernetes-models/certificates.k8s.io/v1/CertificateSigningRequest';
import type { Served } from './meta.ts';
import {
  type Cause,
  dnsLabelFaults,
  dnsSubdomainFaults,
  duplicate,
  forbidden,
  invalid,
  isSame,
  required,
  tooLong,
  unsupported,
} from './validation.ts';

type CertificateSigningRequest = Served<ICertificateSigningRequest>;
type Conditions = NonNullable<CertificateSigningRequest['status']['conditions']>;

const usages = [
  ...['any', 'cert sign', 'client auth', 'code signing', 'content commitment', 'crl sign', 'data encipherment'],
  ...['decipher only', 'digital signature', 'email protection', 'encipher only', 'ipsec end system', 'ipsec tunnel'],
  ...['ipsec user', 'key agreement', 'key encipherment', 'microsoft sgc', 'netscape sgc', 'ocsp signing', 's/mime'],
  ...['server auth', 'signing', 'timestamping'],
];
const legacySigner = 'kubernetes.io/legacy-unknown';
const leastSeconds = 600;
const decisions = ['Approved', 'Denied'];
const finalTypes = [...decisions, 'Failed'];

export function* checkCertificateRequest({ spec, status }: CertificateSigningRequest): Iterable<Cause> {
  const pem = Buffer.from(spec.request ?? '', 'base64').toString();
  if (!/^-----BEGIN CERTIFICATE REQUEST-----$/m.test(pem)) {
    yield invalid('spec.request', spec.request ?? '', 'PEM block type must be CERTIFICATE REQUEST');
  }
  yield* checkUsages(spec.usages ?? []);
  if (spec.signerName === legacySigner) {
    yield invalid('spec.signerName', legacySigner, 'the legacy signerName is not allowed via this API version');
  } else yield* checkSignerName('spec.signerName', spec.signerName);
  const { expirationSeconds } = spec;
  if (expirationSeconds !== undefined && expirationSeconds < leastSeconds) {
    const why = 'may not specify a duration less than 600 seconds (10 minutes)';
    yield invalid('spec.expirationSeconds', expirationSeconds, why);
  }
  yield* checkConditions('status.conditions', status.conditions ?? []);
}

function* checkUsages(asked: readonly string[]): Iterable<Cause> {
  if (asked.length === 0) yield required('spec.usages', 'usages must be provided');
  for (const [index, usage] of asked.entries()) {
    if (!usages.includes(usage)) yield unsupported(`spec.usages[${index}]`, usage, usages);
  }
  for (const [index, usage] of asked.entries()) {
    if (asked.indexOf(usage) !== index) yield duplicate(`spec.usages[${index}]`, usage);
  }
}

/** A domain, and within it a name: "example.com/my-signer". */
function* checkSignerName(at: string, name: string | undefined): Iterable<Cause> {
  if (!name) return yield required(at);
  const [domain = '', path = '', ...more] = name.split('/');
  if (!name.includes('/') || more.length > 0) {
    return yield invalid(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  }
  if (domain.length > 253) yield tooLong(at, 253);
  const labels = domain.split('.');
  for (const label of labels) {
    for (const fault of dnsLabelFaults(label))
      yield invalid(at, domain, `validating label ${JSON.stringify(label)}: ${fault}`);
  }
  if (labels.length < 2) yield invalid(at, domain, 'should be a domain with at least two segments separated by dots');
  for (const label of path.split('.')) {
    for (const fault of dnsSubdomainFaults(label))
      yield invalid(at, path, `validating label ${JSON.stringify(label)}: ${fault}`);
  }
}

function* checkConditions(at: string, conditions: Conditions): Iterable<Cause> {
  const seen = new Set<string>();
  for (const [index, { type, status }] of conditions.entries()) {
    if (!type) yield required(`${at}[${index}].type`);
    const allowed = finalTypes.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (!status) yield required(`${at}[${index}].status`);
    else if (!allowed.includes(status)) yield unsupported(`${at}[${index}].status`, status, allowed);
    const isOpposed = decisions.includes(type) && decisions.some((other) => other !== type && seen.has(other));
    if (isOpposed) yield invalid(`${at}[${index}].type`, type, 'Approved and Denied conditions are mutually exclusive');
    if (seen.has(type)) yield duplicate(`${at}[${index}].type`, type);
    seen.add(type);
  }
}

/** A decision is never taken back, nor is a certificate. */
export function* checkChangedRequest(
  { status }: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): Iterable<Cause> {
  for (const type of finalTypes) {
    if (ofType(previous.status.conditions, type).length > ofType(status.conditions, type).length) {
      yield forbidden('status.conditions', `updates may not remove a condition of type ${JSON.stringify(type)}`);
    }
  }
  const { certificate } = previous.status;
  if (certificate && certificate !== status.certificate) {
    yield forbidden('status.certificate', 'updates may not modify existing certificate content');
  }
}

/** Decisions are made through `approval` alone. */
export function* checkDecisionsKept(
  { status }: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): Iterable<Cause> {
  for (const type of decisions) {
    const [now, then] = [ofType(status.conditions, type), ofType(previous.status.conditions, type)];
    if (isSame(now, then) || now.length < then.length) continue;
    const done = now.length > then.length ? 'add' : 'modify';
    yield forbidden('status.conditions', `updates may not ${done} a condition of type ${JSON.stringify(type)}`);
  }
}

const ofType = (conditions: Conditions = [], wanted: string) => conditions.filter(({ type }) => type === wanted);
