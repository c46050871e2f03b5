// How drivers of storage are named, and the parameters that are handed to them unread.
import { qualifiedNameFaults } from '../label-rules.ts';
import { type Cause, checkName, dnsSubdomainFaults, invalid, required, tooLong } from '../validation.ts';

const parametersAtMost = 512;
const parameterBytesAtMost = 256 * 1024;

/** Who provides a class of storage. */
export function* checkProvisioner(at: string, name: string | undefined): Iterable<Cause> {
  if (!name) yield required(at);
  else yield* checkName(at, name.toLowerCase(), qualifiedNameFaults);
}

export function* checkDriverName(at: string, name: string | undefined): Iterable<Cause> {
  if (!name) yield required(at);
  if (name && name.length > 63) yield tooLong(at, 63);
  for (const fault of dnsSubdomainFaults((name ?? '').toLowerCase())) yield invalid(at, name ?? '', fault);
}

export function* checkParameters(at: string, parameters: Record<string, string> = {}): Iterable<Cause> {
  const entries = Object.entries(parameters);
  if (entries.length > parametersAtMost) return yield tooLong(at, parametersAtMost);
  for (const [key] of entries) if (key === '') yield invalid(at, key, 'field can not be empty.');
  if (bytesOf(parameters) > parameterBytesAtMost) yield tooLong(at, parameterBytesAtMost);
}

export function bytesOf(parameters: Record<string, string>): number {
  const entries = Object.entries(parameters);
  return entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
}
