// The server's keys and certificates on disk: made at the first start, read at every later one, and made anew where the
// names they are for have changed.
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { readFileIfThere, writeFileWhole } from '../base/files.ts';
import { type Authority, createAuthority, openAuthority, type Usage } from './authority.ts';
import { type CertificateAndKey, type CertificateSubject, createPrivateKeyPem, pairIn, pemOf } from './certificate.ts';
import { isDue } from './certificate-terms.ts';
import { TokenKey } from './token-key.ts';

export interface ServerCredentials {
  /** Certifies the API and its clients. */
  authority: Authority;
  /** Certifies agents as servers. The API's clients don't trust it: no node can pose as the API. */
  agentAuthority: Authority;
  /** Signs the tokens of service accounts. */
  tokenKey: TokenKey;
  /** What the API's port shows. */
  serving: CertificateAndKey;
  /** By which agents know the server. */
  agentClient: CertificateAndKey;
  admin: CertificateAndKey;
}

export interface ServerNames {
  dnsNames: string[];
  ipAddresses: string[];
}

export async function ensureServerCredentials(directory: string, names: ServerNames): Promise<ServerCredentials> {
  const authority = await ensureAuthority(directory, 'ca', 'wherry-ca');
  return {
    authority,
    agentAuthority: await ensureAuthority(directory, 'agent-ca', 'wherry-agent-ca'),
    tokenKey: await ensureTokenKey(directory),
    ...(await ensurePairs(directory, authority, names)),
  };
}

type Pairs = Pick<ServerCredentials, 'serving' | 'agentClient' | 'admin'>;

/**
 * Makes anew what is due, or has been taken away, and reads the rest again. In place: who holds the pairs has the new ones with the
 * next connection. Answers which have changed.
 */
export async function renewServerCredentials(
  directory: string,
  names: ServerNames,
  credentials: ServerCredentials,
): Promise<(keyof Pairs)[]> {
  const now = await ensurePairs(directory, credentials.authority, names);
  const changed = (['serving', 'agentClient', 'admin'] as const).filter(
    (name) => now[name].certificate !== credentials[name].certificate,
  );
  for (const name of changed) Object.assign(credentials[name], now[name]);
  return changed;
}

async function ensurePairs(directory: string, authority: Authority, names: ServerNames): Promise<Pairs> {
  const ensure = (name: string, subject: CertificateSubject, usages: Usage[]) =>
    ensureCertificate(authority, directory, name, subject, usages);
  return {
    serving: await ensure('server', { commonName: 'wherry-server', ...names }, ['server']),
    agentClient: await ensure('agent-client', { commonName: 'wherry-server', organizations: ['system:masters'] }, [
      'client',
    ]),
    admin: await ensure('admin', { commonName: 'admin', organizations: ['system:masters'] }, ['client']),
  };
}

async function ensureAuthority(directory: string, name: string, commonName: string): Promise<Authority> {
  const known = await readPair(directory, name);
  return openAuthority(known ?? (await writePair(directory, name, await createAuthority(commonName))));
}

async function ensureTokenKey(directory: string): Promise<TokenKey> {
  const file = join(directory, 'service-accounts.key');
  const known = await readFileIfThere(file);
  const pem = known ?? (await createPrivateKeyPem());
  if (known === undefined) await writeFileWhole(file, pem, 0o600);
  try {
    return new TokenKey(pem);
  } catch (error) {
    throw new Error(`${file} has no key: bring it back from a backup`, { cause: error });
  }
}

async function ensureCertificate(
  authority: Authority,
  directory: string,
  name: string,
  subject: CertificateSubject,
  usages: Usage[],
): Promise<CertificateAndKey> {
  const known = await readPair(directory, name);
  if (known && isFor(known.certificate, subject, authority)) return known;
  return writePair(directory, name, await authority.issue(subject, { usages }));
}

/** Not due to be renewed, of this authority, and for all these names. */
function isFor(pem: string, { dnsNames = [], ipAddresses = [] }: CertificateSubject, authority: Authority): boolean {
  const certificate = new X509Certificate(pem);
  if (isDue(pem, Date.now())) return false;
  if (!certificate.verify(new X509Certificate(authority.certificatePem).publicKey)) return false;
  return (
    dnsNames.every((name) => certificate.checkHost(name) !== undefined) &&
    ipAddresses.every((address) => certificate.checkIP(address) !== undefined)
  );
}

async function readPair(directory: string, name: string): Promise<CertificateAndKey | undefined> {
  const file = join(directory, `${name}.pem`);
  const pem = await readFileIfThere(file);
  const pair = pairIn(pem);
  if (pem !== undefined && !pair) throw new Error(`${file} has no certificate and key: bring it back from a backup`);
  return pair;
}

async function writePair(directory: string, name: string, pair: CertificateAndKey): Promise<CertificateAndKey> {
  await writeFileWhole(join(directory, `${name}.pem`), pemOf(pair), 0o600);
  return pair;
}
