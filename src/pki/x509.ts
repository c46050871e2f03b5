// The X.509 library, loaded when it is first needed: an idle server that has its certificates never pays for it.
import type * as X509 from '@peculiar/x509';

let loaded: Promise<typeof X509> | undefined;

export function loadX509(): Promise<typeof X509> {
  loaded ??= import('reflect-metadata').then(async () => {
    const x509 = await import('@peculiar/x509');
    x509.cryptoProvider.set(globalThis.crypto);
    return x509;
  });
  return loaded;
}

/** All keys of ours are of this one kind. */
export const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
export const signatureAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
