// When a certificate is renewed: with a third of its time left, so that a cluster that is off for months still comes back.
import { X509Certificate } from 'node:crypto';

export interface Term {
  fromMs: number;
  toMs: number;
  /** From when on it is renewed. */
  renewFromMs: number;
}

export function termOf(certificatePem: string): Term {
  const { validFrom, validTo } = new X509Certificate(certificatePem);
  const [fromMs, toMs] = [Date.parse(validFrom), Date.parse(validTo)];
  return { fromMs, toMs, renewFromMs: toMs - (toMs - fromMs) / 3 };
}

/** One of a time that has not come yet was made by a clock that was wrong. */
export function isDue(certificatePem: string, nowMs: number): boolean {
  const { fromMs, renewFromMs } = termOf(certificatePem);
  return nowMs < fromMs || nowMs >= renewFromMs;
}
